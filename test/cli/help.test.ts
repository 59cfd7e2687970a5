// Help texts, and how little is loaded to print them.
import { build, type PluginBuild } from 'esbuild'
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
    ignoreAnnotations: true, // Node loads what is imported, whether it is used or not
    platform: 'node',
    format: 'esm',
    outdir: 'out',
    write: false,
    metafile: true,
    plugins: [{ name: 'only our own packages are followed', setup: followOurs }],
  })
  const { inputs } = metafile
  const loaded = new Set<string>()
  const load = (name: string): void => {
    if (loaded.has(name)) return
    loaded.add(name)
    for (const { path, kind } of inputs[name]?.imports ?? []) {
      // `bin.js` imports `main.js` when the cache of compiled code is on, and always.
      if (kind === 'import-statement' || path.endsWith('/cli/dist/main.js')) load(path)
    }
  }
  load(Object.keys(inputs).find((name) => name.endsWith('/cli/dist/bin.js')) as string)
  expect([...loaded].some((name) => name.endsWith('/cli/dist/main.js'))).toBe(true)
  const others = [...loaded].filter((name) => !name.includes('packages/cli/') && !name.startsWith('node:'))
  expect(others.sort()).toEqual(['commander', 'packages/core/dist/harmless.js', 'picocolors'])
})

function followOurs({ onResolve }: PluginBuild): void {
  onResolve({ filter: /^[^./#]/ }, ({ path, kind }) =>
    kind === 'entry-point' || path.startsWith('@lovage/') ? null : { path, external: true },
  )
}
