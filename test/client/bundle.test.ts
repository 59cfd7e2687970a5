// The client as a browser gets it: no Redis, nothing of Node, no websocket of its own; small, and it works.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import type { createJobsClient } from '@lovage/client'
import type { RouterOf } from '@lovage/server'
import { build } from 'esbuild'
import { afterEach, expect, test, vi } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness, WebSocket } from '../kit/harness.ts'

afterEach(() => void vi.unstubAllGlobals())

async function bundle(): Promise<{ code: string; inputs: string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: "export { createJobsClient } from '@lovage/client'", resolveDir: import.meta.dirname },
    bundle: true,
    platform: 'browser',
    format: 'esm',
    minify: true,
    write: false,
    metafile: true,
    logLevel: 'silent',
  })
  return { code: outputFiles[0]!.text, inputs: Object.keys(metafile.inputs) }
}

test('the bundle for a browser contains no Redis, nothing of Node, no ws, and no server', async () => {
  const { code, inputs } = await bundle()
  expect(inputs.length).toBeGreaterThan(20)
  expect(
    inputs.filter((path) => /node_modules\/(ws|ioredis)\/|packages\/(server|redis|worker)\//.test(path)),
  ).toEqual([])
  expect(code).not.toMatch(/ioredis|node:|require\(/)
  expect(inputs.filter((path) => path.includes('runtime-'))).toEqual([
    expect.stringContaining('runtime-global'),
  ])
  const bytes = gzipSync(code).length
  console.log(`@lovage/client for a browser: ${code.length} bytes minified, ${bytes} with gzip`)
  // What is there today and a little room: whoever needs more should notice.
  expect(bytes).toBeLessThan(32_768)
})

test('the bundle runs on nothing but what a page has: fetch, WebSocket, location', async () => {
  const { code } = await bundle()
  const folder = await mkdtemp(join(tmpdir(), 'lovage-bundle-'))
  try {
    await writeFile(join(folder, 'bundle.mjs'), code)
    await using it = await createHarness(tasks)
    vi.stubGlobal('WebSocket', WebSocket)
    vi.stubGlobal('location', { href: it.url.replace('/trpc', '/some/page') })
    const bundled = (await import(join(folder, 'bundle.mjs'))) as {
      createJobsClient: typeof createJobsClient
    }
    await using client = bundled.createJobsClient<RouterOf<typeof tasks>>({ url: '/trpc', auth: () => 'ada' })
    const job = await client.jobs.mail.greet.enqueue({ name: 'Ada' })
    const result = job.result()
    await it.driver.succeed(await it.driver.next(), 'hello Ada')
    expect(await result).toBe('hello Ada')
  } finally {
    await rm(folder, { recursive: true })
  }
})
