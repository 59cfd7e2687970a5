/** Workers in processes of their own, inspected from this one. */
import { hostname } from 'node:os'
import { newJobId, VERSION } from '@lovage/core'
import { createQueue } from '@lovage/redis'
import { expect, inject, onTestFinished, test } from 'vitest'
import { processTasks as tasks } from './fixtures/tasks.ts'
import { WorkerProcess } from './worker-process.ts'

/** Short, so that a lost worker is found soon; long enough for a busy machine to renew it in time. */
const LEASE_MS = 2_000

function queueOf() {
  const at = { url: inject('redisUrl'), namespace: `inspect-test-${newJobId()}` }
  const queue = createQueue({ tasks, redis: at.url, namespace: at.namespace })
  onTestFinished(() => queue.close())
  return { at, queue }
}

/** Asks until it is so: what other processes do has no event here. */
async function untilSo<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (isSo(answer)) return answer
  }
}

test('worker processes are seen from another one: what they are, what they run, and for how long', async () => {
  const { at, queue } = queueOf()
  await using one = new WorkerProcess({ ...at, concurrency: 2 })
  await using two = new WorkerProcess({ ...at, concurrency: 5 })
  await Promise.all([one.until('worker.joined'), two.until('worker.joined')])
  const idle = await queue.inspect()
  expect(idle.workers).toHaveLength(2)
  for (const { pid, slots } of [
    { pid: one.pid, slots: 2 },
    { pid: two.pid, slots: 5 },
  ]) {
    const worker = idle.workers.find(({ info }) => info?.pid === pid)
    expect(worker).toMatchObject({
      running: 0,
      info: { host: hostname(), version: VERSION, slots, tasks: ['hold', 'spin', 'litter'] },
    })
    expect(worker!.leaseUntil).toBeGreaterThan(idle.at)
  }

  const { id } = await queue.hold.enqueue(undefined, { owner: 'ada' })
  await Promise.race([one.until('job.started', id), two.until('job.started', id)])
  const busy = await queue.inspect()
  expect(busy.running).toMatchObject([{ id, task: 'hold', owner: 'ada', attempt: 1 }])
  const [run] = busy.running
  expect(run!.ageMs).toBe(busy.at - run!.startedAt)
  expect(busy.workers.find(({ session }) => session === run!.session)).toMatchObject({
    running: 1,
    info: { name: run!.worker },
  })
  for (const worker of [one, two]) worker.open(id)
  expect(await queue.hold.result(id, { timeout: '30s' })).toMatchObject({ pid: expect.any(Number) })

  const after = await untilSo(
    () => queue.inspect(),
    ({ tasks: all }) => all.find(({ task }) => task === 'hold')?.recent.succeeded === 1,
  )
  expect(after.running).toEqual([])
  expect(after.tasks.find(({ task }) => task === 'hold')).toMatchObject({
    workers: 2,
    total: { succeeded: 1 },
  })
})

test('a worker that was killed is gone when its lease is over; one that stopped in order, at once', async () => {
  const { at, queue } = queueOf()
  await using killed = new WorkerProcess({ ...at, leaseMs: LEASE_MS })
  await using stopped = new WorkerProcess({ ...at, leaseMs: LEASE_MS })
  await Promise.all([killed.until('worker.joined'), stopped.until('worker.joined')])
  const sessionOf = async (pid: number) =>
    (await queue.inspect()).workers.find(({ info }) => info?.pid === pid)
  stopped.signal('SIGTERM')
  await stopped.exit()
  expect(await sessionOf(stopped.pid)).toBeUndefined()

  const alive = await untilSo(
    () => sessionOf(killed.pid),
    (worker) => worker !== undefined,
  )
  killed.signal('SIGKILL')
  await killed.exit()
  const gone = await untilSo(
    () => queue.inspect(),
    ({ workers }) => workers.length === 0,
  )
  expect(gone.at).toBeGreaterThanOrEqual(alive!.leaseUntil)
})
