// What a page pays, over what it has with tRPC's client and superjson already; and what must not be in it.
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

const TRPC = `
  export {
    createTRPCUntypedClient, createWSClient, httpBatchLink, httpLink, splitLink, TRPCClientError, wsLink,
  } from '@trpc/client'
  export { default as superjson } from 'superjson'
`
const CLIENT = `${TRPC}; export { createJobsClient } from '@lovage/client'`
const hooks = (names: string): string => `${CLIENT}; export ${names} from '@lovage/client/react'`

async function bundle(contents: string): Promise<{ bytes: number; inputs: string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    platform: 'browser',
    format: 'esm',
    minify: true,
    write: false,
    metafile: true,
    external: ['react'],
    logLevel: 'silent',
  })
  const [output] = Object.values(metafile.outputs)
  const used = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0)
  return {
    bytes: gzipSync(outputFiles[0]!.contents, { level: 9 }).length,
    inputs: used.map(([path]) => path),
  }
}

async function delta(name: string, before: string, after: string): Promise<number> {
  const bytes = (await bundle(after)).bytes - (await bundle(before)).bytes
  console.log(`${name}: ${bytes} bytes more, minified and with gzip`)
  return bytes
}

// Budgets: 7.75 KiB for the client, durable consumers included, 2 KiB for a component that follows a job. The others are what is there today and a
// little room, so that whoever needs more notices.
test('the client', async () => {
  expect(await delta('@lovage/client over @trpc/client and superjson', TRPC, CLIENT)).toBeLessThan(7_936)
})

test.each([
  ['{ useJob }', 2_048],
  ['{ useJob, useEnqueue }', 2_650],
  ['*', 4_250],
])('%s of @lovage/client/react', async (names, max) => {
  expect(await delta(`${names} of @lovage/client/react`, CLIENT, hooks(names))).toBeLessThan(max)
})

test('neither the queue, nor the engine, nor a store, nor React itself is in it', async () => {
  const { inputs } = await bundle(`${hooks('*')}; export { syncJob } from '@lovage/client/tanstack'`)
  const ours = inputs.map((path) => /packages\/(\w+)\/dist\/(.+)\.js$/.exec(path)?.slice(1).join('/'))
  const known = ours.filter((path) => path !== undefined)
  expect(known).toContain('client/react/use-job')
  expect(known.filter((path) => !path.startsWith('client/'))).toEqual(
    known.filter((path) =>
      /^core\/(backoff|clock|codec|consume|consumer|cursor|duration|errors|handle|id|job|notice|sentences-browser)$/.test(
        path,
      ),
    ),
  )
  expect(inputs.filter((path) => /node_modules\/(react|@tanstack)\//.test(path))).toEqual([])
})
