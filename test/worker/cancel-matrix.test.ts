/** A cancel in every state of a job, with a handler that listens, one that is deaf, and a worker that is gone. */
import { chain, defineTasks, type JobHandle, type JobNotice, START, task } from '@lovage/core'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { gate } from './harness.ts'
import { type Life, life } from './life.ts'

/** One at a time, so that a place that stays taken is found out by the job after it. */
const tasks = defineTasks({
  act: task({
    input: z.string(),
    output: z.string(),
    concurrency: 1,
    retry: { attempts: 3, backoff: { type: 'fixed', delay: '1m', jitter: false } },
  }),
  after: task({ input: z.string(), output: z.string(), concurrency: 1 }),
})
type Tasks = typeof tasks

const LEASE_MS = 6_000
const GRACE_MS = 5_000

type Manner = 'cooperative' | 'deaf' | 'gone'
type State = 'scheduled' | 'waiting' | 'queued' | 'running' | 'retrying'

interface Scene {
  t: Life<Tasks>
  job: JobHandle
  /** Signals of the handlers that began. */
  signals: AbortSignal[]
  /** Lets a deaf handler return at last. */
  wakeUp: () => Promise<void>
}

async function scene(state: State, manner: Manner): Promise<Scene> {
  const t = life(tasks)
  const { queue, clock } = t
  const signals: AbortSignal[] = []
  const late = gate()
  const act = async (input: string, { signal, job }: { signal: AbortSignal; job: { attempt: number } }) => {
    if (input === 'next') return 'done'
    signals.push(signal)
    if (state === 'retrying' && job.attempt === 1) throw new Error('boom')
    if (manner === 'cooperative')
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    else await late.promise
    return 'too late'
  }
  const handlers = { act, after: act }
  const options = { grace: GRACE_MS, lease: LEASE_MS }
  const enqueue: Record<State, () => Promise<JobHandle>> = {
    scheduled: () => queue.act.enqueue('x', { delay: '1h' }),
    waiting: () => queue.enqueueFlow(chain(queue.act.call('x'), queue.after.step())),
    queued: () => queue.act.enqueue('x'),
    running: () => queue.act.enqueue('x'),
    retrying: () => queue.act.enqueue('x'),
  }
  if (state === 'queued') await queue.pause({ queue: 'default' })
  const job = await enqueue[state]()
  if (manner === 'gone') {
    // It claims, and is never heard of again: no beat, no settlement.
    await t.store.join({ session: 'gone', leaseMs: LEASE_MS })
    const step = { session: 'gone', queues: ['default'], settle: [] }
    const { claimed } = await t.store.step({ ...step, claim: 1 })
    if (state === 'retrying') {
      const error = { name: 'Error', message: 'boom' }
      const settle = claimed.map((held) => ({ ...held, to: 'retrying' as const, error, delayMs: 60_000 }))
      await t.store.step({ ...step, settle, claim: 0 })
    }
  } else {
    await t.start(handlers, options)
  }
  await clock.advance(0)
  expect(await job.get()).toMatchObject({ state })
  return {
    t,
    job,
    signals,
    wakeUp: async () => {
      late.open()
      await clock.advance(0)
      if (manner === 'gone') await t.start(handlers, options)
    },
  }
}

const STATES: State[] = ['scheduled', 'waiting', 'queued', 'running', 'retrying']
const MANNERS: Manner[] = ['cooperative', 'deaf', 'gone']

describe.for(STATES)('a job that is %s', (state) => {
  test.for(MANNERS)('is cancelled once and for all, though its handler is %s', async (manner) => {
    const { t, job, signals, wakeUp } = await scene(state, manner)
    const result = expect(job.result()).rejects.toMatchObject({
      code: 'JOB_CANCELLED',
      details: { reason: 'enough' },
    })
    expect(await job.cancel('enough')).toEqual({ outcome: 'cancelled' })
    expect(await job.cancel('again')).toEqual({ outcome: 'ended', state: 'cancelled' })
    await t.clock.advance(0)
    if (manner !== 'gone' && (state === 'running' || state === 'waiting')) {
      expect(signals.at(-1)).toMatchObject({
        aborted: true,
        reason: { type: 'cancelled', by: null, reason: 'enough' },
      })
    }
    await result
    // Whatever still runs ends, or is given up, or is missed by its lease.
    await t.clock.advance(2 * LEASE_MS + GRACE_MS)
    await wakeUp()
    await t.clock.advance(120_000)
    expect(await job.get()).toMatchObject({ state: 'cancelled', by: null, reason: 'enough' })
    const { notices } = await t.store.range(START, 1_000)
    const ends = notices.filter(({ jobId, type }) => jobId === job.id && ENDS.includes(type))
    expect(ends.map(({ type }) => type)).toEqual(['cancelled'])
    // And its place is free.
    await t.queue.resume({ queue: 'default' })
    const next = await t.queue.act.enqueue('next')
    await t.clock.advance(5_000)
    expect(await next.get()).toMatchObject({ state: 'succeeded', result: 'done' })
    expect(await t.queue.counts()).toMatchObject({
      queued: 0,
      waiting: 0,
      scheduled: 0,
      retrying: 0,
      running: 0,
    })
  })
})

const ENDS: JobNotice['type'][] = ['succeeded', 'failed', 'cancelled', 'expired']

test('a cancel in the moment of completion leaves one outcome, whichever of them it is', async () => {
  for (const order of ['cancel first', 'completion first'] as const) {
    const { t, job, wakeUp } = await scene('running', 'deaf')
    const act = [() => job.cancel('now'), wakeUp]
    await Promise.all((order === 'cancel first' ? act : act.toReversed()).map((call) => call()))
    await t.clock.advance(10_000)
    const { state } = await job.get()
    expect(['cancelled', 'succeeded']).toContain(state)
    const { notices } = await t.store.range(START, 1_000)
    expect(notices.filter(({ type }) => ENDS.includes(type)).map(({ type }) => type)).toEqual([state])
  }
})
