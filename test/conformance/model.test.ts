/**
 * The model test: whatever is done to a queue, the store on Redis answers as the one in memory does.
 *
 * A failure prints the seed and the shortest sequence that was found. `LOVAGE_SEED=<seed>` draws the same again.
 */
import { isTerminal, type Snapshot, type StepReply } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ManualClock } from '../kit/manual-clock.ts'
import { type Command, handOvers, sequences } from './commands.ts'
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
  let hasRates = false
  try {
    for (const [n, command] of commands.entries()) {
      const [expected, answer] = [await model.play(command), await real.play(command)]
      hasRates ||= command.do === 'limit' && command.rules.some(({ limit }) => limit?.rate !== undefined)
      const which = `command ${n}, ${JSON.stringify(command)}`
      if (hasRates && command.do === 'step')
        acceptOpening(answer as StepReply, expected as StepReply, command, which)
      expect(answer, `the answer to ${which}`).toEqual(expected)
      if (command.do === 'enqueue') await handOver(model, real, command.jobs, which)
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
 * A store may hand the new jobs of a call to an idle session, and need not: Redis says which it has, and the specification
 * has to let that session claim them, and it alone.
 */
async function handOver(
  model: Player,
  real: Player,
  jobs: readonly { id: string }[],
  which: string,
): Promise<void> {
  const handed = new Map<string, string[]>()
  for (const { id } of jobs) {
    const session = await real.holder(id)
    if (session === null || (await model.holder(id)) !== null) continue
    handed.set(session, [...(handed.get(session) ?? []), id])
  }
  for (const [session, ids] of handed) {
    expect(await model.takes(session, ids.length), `${which} handed ${ids.join()} to ${session}`).toEqual(ids)
    await real.hands(session, ids)
  }
}

/**
 * When a rate limit opens, a store may say too early, and never too late; nothing at all after a step that had no room
 * left, since then whoever has room finds work, or hears of it.
 */
function acceptOpening(
  answer: StepReply,
  expected: StepReply,
  { claim }: { claim: number },
  which: string,
): void {
  const hadRoom = expected.alive && expected.claimed.length < claim
  const dueMs = (reply: StepReply): number => reply.nextDueMs ?? Infinity
  if (hadRoom)
    expect(dueMs(answer), `ms until something is due after ${which}`).toBeLessThanOrEqual(dueMs(expected))
  answer.nextDueMs = expected.nextDueMs
}

/** Keys that a queue in which every job has ended has no use for. */
const leftovers = (keys: readonly string[]): string[] =>
  keys
    .filter(
      (key) =>
        !/:(r:.*|results|said:.*|outcomes|tail|wake:.*|turns?|streaks|limits|paused|tag:.*|last:.*|once:.*|since|starts:.*|failed|dead|schedules|ticks)$/s.test(
          key,
        ),
    )
    .sort()

test.each([
  ['commands', sequences],
  ['commands to workers that may be handed a job', handOvers],
])(
  'Redis answers every sequence of %s as the specification does, and keeps nothing of jobs that ended',
  async (_, all) => {
    const { LOVAGE_SEED: seed, LOVAGE_PATH: path } = process.env
    await fc.assert(fc.asyncProperty(all, compare), {
      numRuns: RUNS,
      interruptAfterTimeLimit: TIME_MS,
      ...(seed !== undefined && { seed: Number(seed) }),
      ...(path !== undefined && { path }),
    })
  },
  6 * TIME_MS, // shrinking a failure takes longer than finding it
)
