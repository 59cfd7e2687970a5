/**
 * Claiming ahead among faults: whatever happens to steps, waits, hand-backs and workers, each job that nobody cancels
 * runs once, and one that is cancelled runs once at most.
 *
 * A failure prints the seed and the shortest history that was found. `LOVAGE_SEED=<seed>` draws the same again.
 */
import { encode, newJobId, sleep } from '@lovage/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newJob } from '../conformance/acts.ts'
import { far } from './far-store.ts'
import { type Fault, faultyStore } from './faulty-store.ts'
import { bench } from './harness.ts'

const RUNS = 60
/** More than have to end before a worker believes that jobs are short. */
const WARM = 420

type Event =
  | { do: 'fault'; act: 'step' | 'handBack' | 'wait'; fault: Fault }
  | { do: 'cancel'; nth: number }
  | { do: 'advance'; ms: number }
  | { do: 'cut' }
  | { do: 'drain' }
  | { do: 'start' }

/** How long each of the jobs behind the short ones takes. */
const durations = fc.array(
  fc.oneof(
    { weight: 30, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(1, 5, 30, 60, 500) },
  ),
  { minLength: 150, maxLength: 300 },
)

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    do: fc.constant('fault' as const),
    act: fc.constantFrom('step' as const, 'handBack' as const, 'wait' as const),
    fault: fc.constantFrom<Fault>('refused', 'answer lost'),
  }),
  fc.record({ do: fc.constant('cancel' as const), nth: fc.nat(299) }),
  fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(0, 1, 24, 26, 49, 51, 1_000) }),
  fc.constantFrom<Event>({ do: 'cut' }, { do: 'drain' }, { do: 'start' }),
)

interface Play {
  slots: number
  isFar: boolean
  took: readonly number[]
  events: readonly Event[]
}

/** Answers how many jobs were held beyond slots at most. */
async function play({ slots, isFar, took, events }: Play): Promise<number> {
  const t = bench()
  const ran = new Map<string, number>()
  const handlers = {
    touch: async (ms: number | undefined, { job }: { job: { id: string } }) => {
      ran.set(job.id, (ran.get(job.id) ?? 0) + 1)
      if (ms !== 0) await sleep(t.clock, ms as number)
    },
  }
  const store = faultyStore(isFar ? far(t.store).store : t.store, t.faults, t.clock)
  const start = () => t.started(handlers, { concurrency: slots, prefetch: 300, lease: '1h', store })
  const jobs = [...Array.from({ length: WARM }, () => 0), ...took].map((ms) =>
    newJob(newJobId(), { task: 'touch', input: encode(ms) }),
  )
  await t.store.enqueue(jobs)
  const all = jobs.map(({ id }) => id)
  const behind = all.slice(WARM)
  const workers = [(await start()).worker]
  const stopping: Promise<void>[] = []
  const cancelled = new Set<string>()
  let ahead = 0
  for (const one of events) {
    if (one.do === 'fault') t.faults.plan(one.act, one.fault)
    else if (one.do === 'cut') t.faults.cut()
    else if (one.do === 'advance') await t.clock.advance(one.ms)
    else if (one.do === 'start') workers.push((await start()).worker)
    else if (one.do === 'drain') stopping.push(workers.shift()?.stop({ timeout: '1h' }) ?? Promise.resolve())
    else {
      const id = behind[one.nth % behind.length] as string
      cancelled.add(id)
      await t.store.cancel({ id, by: null, reason: null, ttlMs: 3_600_000 })
    }
    const { running } = await t.store.counts()
    ahead = Math.max(ahead, running - slots * (workers.length + stopping.length))
  }
  workers.push((await start()).worker)
  const isOver = async (): Promise<boolean> => {
    const { queued, running } = await t.store.counts()
    return queued + running === 0
  }
  for (let round = 0; round < 20_000 && !(await isOver()); round++)
    await t.clock.advance(round % 10 === 0 ? 100 : 0)
  for (const id of all) {
    const { state } = await t.job(id)
    if (!cancelled.has(id))
      expect({ id, state, ran: ran.get(id) }).toEqual({ id, state: 'succeeded', ran: 1 })
    else expect(ran.get(id) ?? 0).toBeLessThanOrEqual(1)
  }
  expect(await t.store.counts()).toMatchObject({ queued: 0, running: 0 })
  await Promise.all([...workers.map((worker) => worker.stop({ timeout: 0 })), ...stopping])
  return ahead
}

test('each job runs once, and no worker is left with one', async () => {
  const seed = Number(process.env['LOVAGE_SEED'] ?? Date.now() | 0)
  const aheads: number[] = []
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        slots: fc.constantFrom(1, 3, 100),
        isFar: fc.boolean(),
        took: durations,
        events: fc.array(event, { minLength: 1, maxLength: 12 }),
      }),
      async (one) => void aheads.push(await play(one)),
    ),
    { numRuns: RUNS, seed, endOnFailure: false },
  )
  expect(Math.max(...aheads), 'jobs that were held beyond slots').toBeGreaterThan(20)
}, 240_000)
