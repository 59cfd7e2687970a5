/** The cancel matrix on a real Redis: in every state, with workers in processes of their own, one of them killed. */
import { chain, type JobHandle, type JobNotice, newJobId, START } from '@lovage/core'
import { createRedisStore } from '@lovage/redis'
import { createQueue } from '@lovage/server'
import { expect, inject, onTestFinished, test } from 'vitest'
import { cancelTasks } from './fixtures/cancel-tasks.ts'
import { WorkerProcess } from './worker-process.ts'

const STATES = ['scheduled', 'waiting', 'queued', 'running', 'retrying'] as const
type State = (typeof STATES)[number]
const ENDS: JobNotice['type'][] = ['succeeded', 'failed', 'cancelled', 'expired']

/** Short, so that a lost worker is found soon. */
const LEASE_MS = 2_000

test.for(['cooperative', 'deaf', 'gone'] as const)(
  'a job in each state is cancelled once and for all, though its handler is %s',
  async (manner) => {
    const place = { url: inject('redisUrl'), namespace: `cancel-test-${newJobId()}` }
    const store = createRedisStore(place)
    const queue = createQueue({ tasks: cancelTasks, store })
    onTestFinished(() => queue.close())
    const open = () =>
      new WorkerProcess({
        ...place,
        fixture: 'cancelled',
        leaseMs: LEASE_MS,
        concurrency: 2, // as many as run: a slot that stays taken would be found out
        env: manner === 'deaf' ? { IS_DEAF: 'yes' } : {},
      })
    await using first = open()
    await first.until('worker.joined')

    const input = (state: State) => ({ state, isNext: false })
    await queue.pause({ task: 'act', key: 'queued' })
    const retrying = await queue.act.enqueue(input('retrying'))
    await first.until('job.retrying', retrying.id)
    const flow = await queue.enqueueFlow(chain(queue.act.call(input('waiting')), queue.after.step()))
    const jobs: Record<State, JobHandle> = {
      scheduled: await queue.act.enqueue(input('scheduled'), { delay: '1h' }),
      waiting: flow,
      queued: await queue.act.enqueue(input('queued')),
      running: await queue.act.enqueue(input('running')),
      retrying,
    }
    await first.until('job.started', jobs.running.id)
    await expect.poll(async () => (await queue.counts()).running).toBe(2)
    const ran = (await queue.list({ state: 'running' })).jobs.map(({ id }) => id)
    for (const state of STATES) await expect.poll(() => jobs[state].get()).toMatchObject({ state })
    if (manner === 'gone') {
      first.signal('SIGKILL')
      await first.exit()
    }

    const reason = 'enough'
    const rejected = STATES.map((state) =>
      expect(jobs[state].result()).rejects.toMatchObject({ code: 'JOB_CANCELLED', details: { reason } }),
    )
    for (const state of STATES) {
      expect([state, await jobs[state].cancel(reason)]).toEqual([state, { outcome: 'cancelled' }])
      expect(await jobs[state].cancel('again')).toEqual({ outcome: 'ended', state: 'cancelled' })
    }
    await Promise.all(rejected)
    if (manner !== 'gone') {
      for (const id of ran) {
        const { reason: said } = await first.until('aborted', id)
        expect(said).toMatchObject({ type: 'cancelled', by: null, reason })
      }
    }

    // Each place is free again, of the key and of the worker: at once, after the grace, or when a lease has run out.
    await queue.resume({ task: 'act', key: 'queued' })
    await using second = manner === 'gone' ? open() : null
    const next = await queue.act.enqueueMany(STATES.map((state) => ({ state, isNext: true })))
    expect(await Promise.all(next.map((job) => job.result({ timeout: '30s' })))).toEqual(
      STATES.map(() => 'done'),
    )
    if (manner === 'deaf') {
      for (const id of ran) {
        first.open(id)
        await first.until('job.late', id)
      }
    }
    for (const state of STATES)
      expect(await jobs[state].get()).toMatchObject({ state: 'cancelled', by: null, reason })
    const { notices } = await store.range(START, 1_000)
    for (const state of STATES) {
      const ends = notices.filter(({ jobId, type }) => jobId === jobs[state].id && ENDS.includes(type))
      expect([state, ends.map(({ type }) => type)]).toEqual([state, ['cancelled']])
    }
    const [worker] = second === null ? [first] : [second]
    expect(worker.told.filter(({ name, event }) => name === 'job.started' && event.attempt! > 1)).toEqual([])
    expect(await queue.counts()).toMatchObject({
      queued: 0,
      waiting: 0,
      scheduled: 0,
      retrying: 0,
      running: 0,
    })
  },
)
