/**
 * Limits, held against a count of their own: whatever happens to jobs and workers, no job starts beyond a limit, and
 * none waits that nothing keeps back.
 *
 * A failure prints the seed and the shortest history that was found. `LOVAGE_SEED=<seed>` draws the same again.
 */
import type { Limit } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { ManualClock } from '../kit/manual-clock.ts'
import { partitionsInMemory, partitionsOnRedis, together } from './partitioned.ts'
import { redisQueues } from './redis-queue.ts'
import type { Open } from './store-contract.ts'
import { type Act, type Ending, PER_MS, QUEUES, TASKS, Witness, WORKERS } from './witness.ts'

const RUNS = 300
const TIME_MS = 10_000

const KEYS = ['', 'a', 'b']

const worker = fc.nat(WORKERS - 1)
const queues = fc.constantFrom(['default'], ['mail', 'default'], ['default', 'mail'])
const limits: fc.Arbitrary<Limit | null> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 4, arbitrary: fc.record({ concurrency: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      rate: fc.record({ limit: fc.integer({ min: 1, max: 3 }), perMs: fc.constant(PER_MS) }),
    }),
  },
)
type Of = 'queue' | 'task' | 'key'

const limitOf = (of: readonly Of[]) =>
  fc
    .record({
      of: fc.constantFrom(...of),
      nth: fc.nat(1),
      limit: limits,
    })
    .map(({ of, nth, limit }): Act => ({
      do: 'limit',
      of,
      name: (of === 'queue' ? QUEUES : TASKS)[nth] as string,
      limit,
    }))

const actsWith = (limit: fc.Arbitrary<Act>): fc.Arbitrary<Act[]> =>
  fc
    .tuple(
      fc.array(limit, { minLength: 1, maxLength: 4 }),
      fc.array(
        fc.oneof(
          {
            weight: 5,
            arbitrary: fc.record({
              do: fc.constant('enqueue' as const),
              jobs: fc.array(
                fc.record(
                  {
                    queue: fc.constantFrom(...QUEUES),
                    task: fc.constantFrom(...TASKS),
                    lane: fc.constantFrom(...KEYS),
                    ordered: fc.constant(true as const),
                    priority: fc.constantFrom(1, 9),
                    delayMs: fc.constantFrom(0, 0, 100),
                  },
                  { requiredKeys: ['queue', 'task', 'delayMs'] },
                ),
                { minLength: 1, maxLength: 4 },
              ),
            }),
          },
          {
            weight: 10,
            arbitrary: fc.record({
              do: fc.constant('step' as const),
              worker,
              queues,
              settle: fc.array(
                fc.record({ nth: fc.nat(3), to: fc.constantFrom<Ending>('succeeded', 'failed', 'retried') }),
                { maxLength: 3 },
              ),
              claim: fc.constantFrom(0, 1, 2, 100, 100),
            }),
          },
          { weight: 3, arbitrary: fc.record({ do: fc.constant('cancel' as const), nth: fc.nat(20) }) },
          {
            weight: 2,
            arbitrary: fc.record({ do: fc.constant('release' as const), worker, all: fc.boolean() }),
          },
          {
            weight: 2,
            arbitrary: fc.record({ do: fc.constantFrom('leave', 'crash', 'replace', 'handBack'), worker }),
          },
          { weight: 1, arbitrary: limit },
          {
            weight: 1,
            arbitrary: fc.record({
              do: fc.constantFrom('pause', 'resume', 'resume'),
              task: fc.constantFrom(...TASKS),
            }),
          },
          {
            weight: 4,
            arbitrary: fc.record({
              do: fc.constant('advance' as const),
              ms: fc.constantFrom(1, 99, 500, 1_000),
            }),
          },
        ) as fc.Arbitrary<Act>,
        { minLength: 1, maxLength: 60, size: 'max' },
      ),
    )
    .map(([first, rest]) => [...first, ...rest])

interface Stage {
  open: Open
  /** What limits may be set for. */
  limits: readonly Of[]
}

const stores: Record<string, Stage> = {
  memory: {
    open: async (clock) => {
      const store = createMemoryStore({ clock })
      return { store, elapse: (ms) => clock.advance(ms), dispose: () => store.close() }
    },
    limits: ['queue', 'task', 'key'],
  },
  Redis: { open: redisQueues(), limits: ['queue', 'task', 'key'] },
  'three partitions': { open: partitionsInMemory(), limits: ['key'] },
  'three partitions, of which one has all jobs of a task': {
    open: partitionsInMemory(together),
    limits: ['task', 'key'],
  },
  'three partitions on Redis': { open: redisQueues(undefined, partitionsOnRedis), limits: ['key'] },
}

describe.each(Object.entries(stores))('in whatever history, on %s', (_, { open, limits }) => {
  const acts = actsWith(limitOf(limits))
  test(
    'no job starts beyond a limit, none waits that nothing keeps back, and all come to their end',
    async () => {
      const { LOVAGE_SEED: seed } = process.env
      const holds = async (history: readonly Act[]): Promise<void> => {
        const clock = new ManualClock()
        const opened = await open(clock)
        try {
          const witness = new Witness(opened.store, clock, opened.elapse)
          await witness.start()
          for (const act of history) await witness.play(act)
          await witness.drain()
        } finally {
          await opened.dispose()
        }
      }
      await fc.assert(fc.asyncProperty(acts, holds), {
        numRuns: RUNS,
        interruptAfterTimeLimit: TIME_MS,
        ...(seed !== undefined && { seed: Number(seed) }),
      })
    },
    6 * TIME_MS,
  )
})
