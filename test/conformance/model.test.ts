/**
 * The model test: whatever is done to a queue, the store on Redis answers as the one in memory does.
 *
 * A failure prints the seed and the shortest sequence that was found. `LOVAGE_SEED=<seed>` draws the same again.
 */
import { isTerminal, type Snapshot } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ManualClock } from '../kit/manual-clock.ts'
import { type Command, sequences } from './commands.ts'
import { Player } from './player.ts'
import { redisQueues } from './redis-queue.ts'

const RUNS = 1_000
/** Bounds what the test costs on a slow machine; a fast one gets through all the runs. */
const TIME_MS = 20_000

const LIVE = ['queued', 'waiting', 'scheduled', 'retrying', 'running'] as const

const openRedis = redisQueues()

async function compare(commands: readonly Command[]): Promise<void> {
  const clock = new ManualClock()
  const redis = await openRedis(clock)
  const memoryClock = new ManualClock(clock.now())
  const memory = createMemoryStore({ clock: memoryClock })
  const now = () => clock.now()
  const model = new Player(memory, { elapse: (ms) => memoryClock.advance(ms), now })
  const real = new Player(redis.store, { elapse: redis.elapse, now })
  let mayBeEarly = false
  try {
    for (const [n, command] of commands.entries()) {
      const [expected, answer] = [await model.play(command), await real.play(command)]
      mayBeEarly ||= command.do === 'limit' && command.rules.some(({ limit }) => limit?.rate !== undefined)
      if (mayBeEarly) acceptEarly(command, answer, expected)
      expect(answer, `the answer to command ${n}, ${JSON.stringify(command)}`).toEqual(expected)
    }
    const seen = await model.look()
    expect(await real.look()).toEqual(seen)

    const live = Object.entries(seen.jobs as Record<string, Snapshot | null>).filter(
      ([, job]) => job !== null && 'job' in job,
    )
    const counts = seen.counts as Record<string, number>
    for (const state of LIVE)
      expect(live.filter(([, job]) => job!.state === state)).toHaveLength(counts[state]!)
    expect(seen.feed.map(({ cursor }) => cursor)).toEqual(seen.feed.map((_, index) => index + 1))

    const drained = await model.drain()
    expect(await real.drain()).toEqual(drained)
    const after = await model.look()
    expect(await real.look()).toEqual(after)
    const ends = after.feed.slice(seen.feed.length).filter(isTerminal)
    expect(new Set(ends.map(({ jobId }) => jobId))).toEqual(new Set(live.map(([id]) => id)))
    expect(ends).toHaveLength(live.length)
    expect(new Set(drained).size).toBe(drained.length)
    expect(leftovers(await redis.keys())).toEqual([])
  } finally {
    await redis.dispose()
    await memory.close()
  }
}

/**
 * Where a limit opens by time alone, a store may say that something is due before it is, and never after: but where all
 * that was asked for was claimed, it has not looked for more, and the worker steps again before it waits.
 */
function acceptEarly(command: Command, answer: unknown, expected: unknown): void {
  if (!hasDue(answer) || !hasDue(expected)) return
  const isFull = command.do === 'step' && answer.claimed.length >= command.claim
  if (!isFull) expect(answer.nextDueMs ?? Infinity).toBeLessThanOrEqual(expected.nextDueMs ?? Infinity)
  answer.nextDueMs = expected.nextDueMs
}
const hasDue = (reply: unknown): reply is { nextDueMs: number | null; claimed: unknown[] } =>
  typeof reply === 'object' && reply !== null && 'nextDueMs' in reply

/** Keys that a queue in which every job has ended has no use for. */
const leftovers = (keys: readonly string[]): string[] =>
  keys
    .filter(
      (key) =>
        !/:(r:.*|said:.*|outcomes|tail|wake:.*|turns?|streaks|limits|paused|tag:.*|last:.*|once:.*|starts:.*|failed|dead|schedules|ticks)$/s.test(
          key,
        ),
    )
    .sort()

test(
  'Redis answers every sequence of commands as the specification does, and keeps nothing of jobs that ended',
  async () => {
    const { LOVAGE_SEED: seed } = process.env
    await fc.assert(fc.asyncProperty(sequences, compare), {
      numRuns: RUNS,
      interruptAfterTimeLimit: TIME_MS,
      ...(seed !== undefined && { seed: Number(seed) }),
    })
  },
  6 * TIME_MS, // shrinking a failure takes longer than finding it
)
