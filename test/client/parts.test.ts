// What a page loads later, as a bundler that splits leaves it: loaded when it is asked for, and missed with an error
// that says so when a deployment took it away.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { createJobsClient } from '@lovage/client'
import type { RouterOf } from '@lovage/server'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness, type Harness, WebSocket } from '../kit/harness.ts'

let files: { name: string; contents: Uint8Array }[]
const folders: string[] = []

beforeAll(async () => {
  vi.stubGlobal('WebSocket', WebSocket)
  const { outputFiles } = await build({
    stdin: { contents: "export { createJobsClient } from '@lovage/client'", resolveDir: import.meta.dirname },
    bundle: true,
    splitting: true,
    outdir: 'page',
    outExtension: { '.js': '.mjs' },
    platform: 'browser',
    format: 'esm',
    write: false,
    logLevel: 'silent',
  })
  files = outputFiles.map(({ path, contents }) => ({ name: basename(path), contents }))
})
afterAll(async () => {
  vi.unstubAllGlobals()
  for (const folder of folders) await rm(folder, { recursive: true })
})

/** A client from files, some of which can be taken away. */
async function deployed(it: Harness<typeof tasks>) {
  const folder = await mkdtemp(join(tmpdir(), 'lovage-parts-'))
  folders.push(folder)
  for (const { name, contents } of files) await writeFile(join(folder, name), contents)
  const { createJobsClient: create } = (await import(join(folder, 'stdin.mjs'))) as {
    createJobsClient: typeof createJobsClient
  }
  const client = create<RouterOf<typeof tasks>>({ url: it.url, auth: () => 'ada', random: () => 0 })
  it.cleanUp(() => (client as unknown as { close(): Promise<void> }).close())
  return {
    jobs: client.jobs,
    async takeAway(part: RegExp) {
      const gone = (await readdir(folder)).filter((name) => part.test(name))
      expect(gone).toHaveLength(1)
      for (const name of gone) await rm(join(folder, name))
    },
  }
}

test('what few pages need comes when it is asked for', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = await deployed(it)
  const [job] = await jobs.score.enqueueMany([{ texts: ['a'] }])
  expect(await jobs.list()).toMatchObject({ jobs: [{ id: job?.id }] })
  await it.driver.fail(await it.driver.next(), 'no')
  await expect(job?.result()).rejects.toMatchObject({
    code: 'JOB_FAILED',
    message: `Job ${job?.id} of task "score" failed after 1 attempt(s): Error: no`,
  })
  for await (const notice of jobs.consume('mailer', { from: 'start', types: ['failed'] })) {
    expect(notice).toMatchObject({ type: 'failed', jobId: job?.id })
    await notice.ack()
    break
  }
})

test('where it is gone, whoever asks is told DISCONNECTED, and the rest goes on', async () => {
  await using it = await createHarness(tasks)
  const { jobs, takeAway } = await deployed(it)
  await takeAway(/^seldom-/)
  const error = {
    name: 'LovageError',
    code: 'DISCONNECTED',
    details: { url: it.url, cause: expect.stringContaining('seldom-') as string },
  }
  await expect(jobs.list()).rejects.toMatchObject(error)
  await expect(jobs.score.enqueueMany([{ texts: [] }])).rejects.toMatchObject(error)
  await expect(jobs.consume('mailer').next()).rejects.toMatchObject(error)
  const job = await jobs.mail.greet.enqueue({ name: 'Ada' })
  await it.driver.succeed(await it.driver.next(), 'hello')
  expect(await job.result()).toBe('hello')
})

test('calls that would go by HTTP say so where its part is gone', async () => {
  await using it = await createHarness(tasks)
  const { jobs, takeAway } = await deployed(it)
  await takeAway(/^http-calls-/)
  await expect(jobs.score.enqueue({ texts: ['x'.repeat(50_000)] })).rejects.toMatchObject({
    code: 'DISCONNECTED',
    details: { url: it.url, cause: expect.stringContaining('http-calls-') as string },
  })
})

test('an error whose words are gone keeps its code and its details, and says those', async () => {
  await using it = await createHarness(tasks)
  const { jobs, takeAway } = await deployed(it)
  await takeAway(/^sentences-late-/)
  const job = await jobs.sweep.enqueue()
  await it.driver.fail(await it.driver.next(), 'no')
  const details = { id: job.id, task: 'sweep', error: { name: 'Error', message: 'no' }, attempts: 1 }
  await expect(job.result()).rejects.toMatchObject({
    name: 'LovageError',
    code: 'JOB_FAILED',
    details,
    message: `JOB_FAILED: ${JSON.stringify(details)}`,
  })
})
