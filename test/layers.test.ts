// Who may import whom: the arrows between the packages, read from the import lines of their sources.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const packages = resolve(import.meta.dirname, '../packages')

const arrows: Record<string, readonly string[]> = {
  core: [], // runs in a browser: nothing of ours, nothing of Node
  ops: ['core', 'node:'],
  redis: ['core', 'node:'],
  worker: ['core', 'ops', 'redis', 'node:'],
  server: ['core', 'redis', 'node:'],
  client: ['core', 'type server', 'node:'],
  cli: ['core', 'redis', 'worker', 'node:'],
}

/** What a module loads, as the arrows call it. Imports of third parties are left to knip. */
function importsOf(source: string, file: string): string[] {
  const statements = /^(?:import|export)\s+(type\s)?(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm
  const calls = /\bimport\(\s*()['"]([^'"]+)['"]/g
  const found = [...source.matchAll(statements), ...source.matchAll(calls)]
  return found.flatMap(([, type, from = '']) => {
    const path = from.startsWith('.') ? resolve(file, '..', from) : from
    const ours = /^@lovage\/(\w+)/.exec(path)?.[1] ?? path.replace(packages, '').match(/^\/(\w+)\/src\//)?.[1]
    if (from.startsWith('node:')) return ['node:']
    return ours === undefined ? [] : [type ? `type ${ours}` : ours]
  })
}

function forbidden(name: string, source: string, file = join(packages, name, 'src/index.ts')): string[] {
  const allowed = new Set([name, `type ${name}`, ...(arrows[name] ?? []).flatMap((to) => [to, `type ${to}`])])
  return importsOf(source, file).filter((to) => !allowed.has(to))
}

test('every package has its arrows here', () => {
  expect(readdirSync(packages).sort()).toEqual(Object.keys(arrows).sort())
})

test.each(Object.keys(arrows))('%s imports only what it may', (name) => {
  const src = join(packages, name, 'src')
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  const sources = files.filter((file) => /\.tsx?$/.test(file) && !/\.test(-d)?\.tsx?$/.test(file))
  expect(sources).not.toEqual([])
  const broken = sources.flatMap((file) =>
    forbidden(name, readFileSync(join(src, file), 'utf8'), join(src, file)).map(
      (to) => `${name}/src/${file} → ${to}`,
    ),
  )
  expect(broken).toEqual([])
})

test('an arrow against the picture is seen in whatever way it is written', () => {
  expect(forbidden('core', "import { readFile } from 'node:fs'")).toEqual(['node:'])
  expect(forbidden('redis', "import {\n  createWorker,\n} from '@lovage/worker'")).toEqual(['worker'])
  expect(forbidden('worker', "export type { Serve } from '@lovage/server/serve'")).toEqual(['type server'])
  expect(forbidden('server', "import '../../worker/src/worker.ts'")).toEqual(['worker'])
  expect(
    forbidden('client', "import { type A } from '@lovage/server'\nawait import('@lovage/redis')"),
  ).toEqual(['server', 'redis'])
  expect(forbidden('client', "import type { A } from '@lovage/server'\nexport * from './job.ts'")).toEqual([])
})
