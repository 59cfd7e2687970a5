// Help texts, and how little is loaded to print them.
import { build } from 'esbuild'
import { readFile } from 'node:fs/promises'
import { expect } from 'vitest'
import { BIN, test } from './program.ts'

const COMMANDS = [
  'worker',
  'enqueue',
  'get',
  'result',
  'cancel',
  'notices',
  'inspect',
  'failed list',
  'failed retry',
  'failed discard',
  'queue pause',
  'queue resume',
  'queue paused',
  'queue drain',
  'queue purge',
  'schedule list',
  'schedule run',
  'doctor',
]

test('--help tells every command, and every command has examples that can be typed', async ({ lovage }) => {
  const { code, stdout } = await lovage(['--help'])
  expect(code).toBe(0)
  for (const command of COMMANDS) {
    const words = command.split(' ')
    expect(stdout).toMatch(new RegExp(`^  ${words[0]} `, 'm'))
    const help = await lovage([...words, '--help'])
    expect(help).toMatchObject({ code: 0, stderr: '' })
    const examples = help.stdout.slice(help.stdout.indexOf('Examples:'))
    expect(examples).toMatch(new RegExp(`\\$ lovage ${command}`))
    // What an example names exists.
    for (const [option] of examples.matchAll(/(?<= )--[a-z-]+/g)) expect(help.stdout).toContain(`${option} `)
  }
})

test('--version is that of the package', async ({ lovage }) => {
  const manifest = await readFile(new URL('../../packages/cli/package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  expect((await lovage(['--version'])).stdout).toBe(`${version}\n`)
})

test('for a help text only the parser of the command line is loaded', async () => {
  const { metafile } = await build({
    entryPoints: [BIN],
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outdir: 'out',
    write: false,
    metafile: true,
  })
  const main = Object.keys(metafile.outputs).find((name) =>
    metafile.outputs[name]?.entryPoint?.endsWith('dist/main.js'),
  )
  const loaded = new Set<string>()
  const load = (name: string): void => {
    for (const { path, kind } of metafile.outputs[name]?.imports ?? []) {
      if (kind !== 'import-statement' || loaded.has(path)) continue
      loaded.add(path)
      load(path)
    }
  }
  load(main as string)
  const packages = [...loaded].filter((path) => !path.startsWith('out/') && !path.startsWith('node:'))
  expect(packages.sort()).toEqual(['commander', 'picocolors'])
})
