// What a page pays, over what it has with tRPC's client (for calls by HTTP: our websocket is our own) and superjson
// already; and what must not be in it.
import { basename } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

const SUPERJSON = `export { default as superjson } from 'superjson'`
const CLIENT = `${SUPERJSON}; export { createJobsClient } from '@lovage/client'`
const hooks = (names: string): string => `${CLIENT}; export ${names} from '@lovage/client/react'`

interface Bundle {
  /** What a page loads before it can do anything, minified and with gzip. */
  bytes: number
  /** What it loads later, when it is asked for. */
  laterBytes: number
  inputs: { path: string; isFirst: boolean }[]
}

async function bundle(contents: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    splitting: true,
    outdir: 'page',
    platform: 'browser',
    format: 'esm',
    minify: true,
    write: false,
    metafile: true,
    external: ['react'],
    logLevel: 'silent',
  })
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]))
  const first = new Set<string>()
  const load = (name: string): void => {
    first.add(name)
    for (const { path, kind } of outputs.get(name)?.imports ?? [])
      if (kind === 'import-statement' && outputs.has(basename(path)) && !first.has(basename(path)))
        load(basename(path))
  }
  load('stdin.js')
  const gzipped = (isFirst: boolean): number =>
    gzipSync(
      Buffer.concat(
        outputFiles.filter(({ path }) => first.has(basename(path)) === isFirst).map((file) => file.contents),
      ),
      { level: 9 },
    ).length
  const inputs = [...outputs].flatMap(([name, output]) =>
    Object.entries(output.inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => ({ path, isFirst: first.has(name) })),
  )
  return { bytes: gzipped(true), laterBytes: gzipped(false), inputs }
}

async function delta(name: string, before: string, after: string): Promise<number> {
  const { bytes, laterBytes } = await bundle(after)
  const more = bytes - (await bundle(before)).bytes
  console.log(`${name}: ${more} bytes more, minified and with gzip; ${laterBytes} bytes when they are needed`)
  return more
}

// Budgets: what is there today and a little room, so that whoever needs more notices. docs/react.md says them, too.
test('the client', async () => {
  expect(await delta('@lovage/client over superjson', SUPERJSON, CLIENT)).toBeLessThan(8_700)
})

test.each([
  ['{ useJob }', 1_950],
  ['{ useJob, createJobsContext }', 2_060],
  ['{ useJob, useEnqueue }', 2_500],
  ['{ useNotices }', 950],
  ['{ useJobs }', 1_800],
  ['*', 4_250],
])('%s of @lovage/client/react', async (names, max) => {
  expect(await delta(`${names} of @lovage/client/react`, CLIENT, hooks(names))).toBeLessThan(max)
})

test('neither the queue, nor the engine, nor a store, nor React itself is in it', async () => {
  const { inputs } = await bundle(`${hooks('*')}; export { syncJob } from '@lovage/client/tanstack'`)
  const ours = inputs.map(({ path }) => /packages\/(\w+)\/dist\/(.+)\.js$/.exec(path)?.slice(1).join('/'))
  const known = ours.filter((path) => path !== undefined)
  expect(known).toContain('client/react/use-job')
  expect(known.filter((path) => !path.startsWith('client/'))).toEqual(
    known.filter((path) =>
      /^core\/(any-of|backoff|clock|consumer|cursor|duration|errors|handle|job|notice|number-in|over|sentences-browser|sentences-late|stop|storable)$/.test(
        path,
      ),
    ),
  )
  expect(inputs.filter(({ path }) => /node_modules\/(react|@tanstack)\//.test(path))).toEqual([])
  // Of tRPC there is what calls by HTTP need, and it comes with the first of them.
  const tRPC = inputs.filter(({ path }) => /node_modules\/@trpc\//.test(path))
  expect(new Set(tRPC.map(({ isFirst }) => isFirst))).toEqual(new Set([false]))
})
