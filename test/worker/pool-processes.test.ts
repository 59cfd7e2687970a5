/** Workers whose handlers run in processes of their own, on a real Redis: stopped, killed, signalled with all they started. */
import { randomUUID } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode, encode, newJobId, START, type Store } from '@lovage/core'
import { createRedisStore } from '@lovage/redis'
import { expect, inject, onTestFinished, test } from 'vitest'
import { WorkerProcess, type WorkerProcessOptions } from './worker-process.ts'

interface Line {
  store: Store
  options: WorkerProcessOptions
  enqueue(task: string, input?: unknown): Promise<string>
  /** Where the job runs, once it has said so for the nth time. */
  pidOf(id: string, times?: number): Promise<number>
}

function line(): Line {
  const options = { url: inject('redisUrl'), namespace: `pool-test-${newJobId()}`, isApart: true }
  const store = createRedisStore(options)
  onTestFinished(() => store.close())
  return {
    store,
    options,
    async enqueue(task, input) {
      const id = newJobId()
      await store.enqueue([
        { id, task, owner: null, input: encode(input), options: {}, delayMs: 0, announce: false },
      ])
      return id
    },
    async pidOf(id, times = 1) {
      const found: number[] = []
      for await (const batch of store.live(START, new AbortController().signal)) {
        for (const notice of batch) {
          if (notice.jobId !== id || notice.type !== 'progress' || notice.data === undefined) continue
          found.push((decode(notice.data) as { pid: number }).pid)
        }
        if (found.length >= times) break
      }
      return found[times - 1] as number
    },
  }
}

/** Neither running nor waiting for somebody to take note of its end. */
async function isGone(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return stat === undefined || /\) [ZX] /.test(stat)
}

test('a worker that is told to stop hands back what computes without end, and takes its process down', async () => {
  const { store, options, enqueue, pidOf } = line()
  await using worker = new WorkerProcess({ ...options, drainMs: 1 })
  const id = await enqueue('apart.spin')
  const pid = await pidOf(id)
  worker.signal('SIGTERM')
  expect(await worker.exit()).toEqual({ code: 0, signal: null })
  expect(await isGone(pid)).toBe(true)
  expect(await store.get(id)).toMatchObject({ state: 'queued', attempt: 0 })

  await using other = new WorkerProcess(options)
  expect(await other.until('job.started', id)).toMatchObject({ attempt: 1 })
})

test('a worker that is killed takes with it even a process that computes without end', async () => {
  const { options, enqueue, pidOf } = line()
  await using worker = new WorkerProcess({ ...options, leaseMs: 1_000 })
  const id = await enqueue('apart.spin')
  const pid = await pidOf(id)
  worker.signal('SIGKILL')
  await worker.exit()
  await expect.poll(() => isGone(pid), { timeout: 20_000 }).toBe(true)

  await using other = new WorkerProcess({ ...options, leaseMs: 1_000 })
  expect(await other.until('job.started', id)).toMatchObject({ attempt: 2 })
})

test('a signal to the worker and all that it has started lets the running job end', async () => {
  const { store, options, enqueue, pidOf } = line()
  const until = join(tmpdir(), `lovage-until-${randomUUID()}`)
  onTestFinished(() => rm(until, { force: true }))
  await using worker = new WorkerProcess(options)
  const id = await enqueue('apart.hold', { until })
  const pid = await pidOf(id)
  worker.signalGroup('SIGTERM')
  await worker.until('worker.draining')
  await writeFile(until, '')
  expect(await worker.exit()).toEqual({ code: 0, signal: null })
  const job = await store.get(id)
  expect(job).toMatchObject({ state: 'succeeded' })
  expect(job?.state === 'succeeded' && job.result && decode(job.result)).toEqual({ pid })
  expect(await isGone(pid)).toBe(true)
})

test('a worker that is frozen for longer than its lease finds its job elsewhere, and ends its own process of it', async () => {
  const { options, enqueue, pidOf } = line()
  await using frozen = new WorkerProcess({ ...options, leaseMs: 2_000 })
  const id = await enqueue('apart.spin')
  const pid = await pidOf(id)
  frozen.signal('SIGSTOP')
  await using other = new WorkerProcess({ ...options, leaseMs: 2_000 })
  await other.until('job.started', id)
  frozen.signal('SIGCONT')
  await frozen.until('job.lost', id)
  await expect.poll(() => isGone(pid), { timeout: 20_000 }).toBe(true)
  expect(await isGone(await pidOf(id, 2))).toBe(false)
})
