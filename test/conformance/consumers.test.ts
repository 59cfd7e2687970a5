/**
 * Two generated tests of consumer groups. In the first, Redis answers every sequence of commands as the store in
 * memory does. In the second, on each store alone, members come, work, crash and leave while the feed is trimmed under
 * them; whatever happened, each record ends acked, dead or counted as missed, once.
 *
 * A failure prints the seed and the shortest sequence that was found. `LOVAGE_SEED=<seed>` draws the same again.
 */
import {
  type Delivered,
  type Delivery,
  MEMBER_TTL_MS,
  parseCursor,
  type PullReply,
  START,
  type Store,
  streamId,
} from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../kit/manual-clock.ts'
import { newJob } from './acts.ts'
import { redisQueues } from './redis-queue.ts'
import type { Open, Opened } from './store-contract.ts'

const RUNS = 500
/** Bounds what each test costs on a slow machine; a fast one gets through all the runs. */
const TIME_MS = 15_000
const ACK_WAIT_MS = 30_000
const MAX_DELIVERIES = 3
const NAMES = ['mailer', 'audit']
const MEMBERS = ['m1', 'm2', 'm3']
const OWNERS = [null, 'ada']
const TASKS = ['score', 'mail']

const openRedis = redisQueues()
const openMemory: Open = async (clock, options) => {
  const store = createMemoryStore({ clock, ...options })
  return { store, elapse: (ms) => clock.advance(ms), dispose: () => store.close() }
}

const seeded = (): { seed?: number } => {
  const { LOVAGE_SEED: seed } = process.env
  return seed === undefined ? {} : { seed: Number(seed) }
}

interface Which {
  name: string
  owner: string | null
}

type Command =
  | ({ do: 'open'; tasks: readonly string[] | null; fromStart: boolean } & Which)
  | ({ do: 'pull'; member: string; window: number; resume: boolean } & Which)
  /** `backs`: which of the deliveries that the group was ever given, newest first. */
  | ({ do: 'ack'; backs: number[] } & Which)
  | ({ do: 'release'; member: string; backs: number[] } & Which)
  | ({ do: 'delete' | 'dead' } & Which)
  | { do: 'write'; jobs: { task: string; owned: boolean }[] }
  | { do: 'advance'; ms: number }

const which = { name: fc.constantFrom(...NAMES), owner: fc.constantFrom(...OWNERS) }
const member = fc.constantFrom(...MEMBERS)
const backs = fc.array(fc.nat(9), { maxLength: 5 })

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('open' as const),
      tasks: fc.constantFrom(null, null, ['score']),
      fromStart: fc.boolean(),
      ...which,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('pull' as const),
      member,
      window: fc.constantFrom(1, 3, 100),
      resume: fc.boolean(),
      ...which,
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('ack' as const), backs, ...which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), member, backs, ...which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('delete' as const, 'dead' as const), ...which }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      jobs: fc.array(fc.record({ task: fc.constantFrom(...TASKS), owned: fc.boolean() }), {
        minLength: 1,
        maxLength: 6,
      }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      ms: fc.constantFrom(1, 1_000, ACK_WAIT_MS / 2, ACK_WAIT_MS, MEMBER_TTL_MS),
    }),
  },
)

/** Says what a command means; asks the store for nothing but answers. */
class Player {
  readonly #opened: Opened
  readonly #given = new Map<string, Delivery[]>()
  #jobs = 0

  constructor(opened: Opened) {
    this.#opened = opened
  }

  async play(command: Command): Promise<unknown> {
    const { consumers } = this.#opened.store
    switch (command.do) {
      case 'open': {
        const { tasks, fromStart, ...group } = command
        const rules = { tasks, types: null, ackWaitMs: ACK_WAIT_MS, maxDeliveries: MAX_DELIVERIES }
        return consumers.open({ ...group, rules, from: fromStart ? START : null, maxGroups: 10 })
      }
      case 'pull': {
        const reply = await consumers.pull(command)
        if (reply === null) return null
        const given = reply.delivered.map((one) => deliveryTo(command.member, one))
        this.#given.set(keyOf(command), [...given, ...this.#of(command)])
        return told(reply)
      }
      case 'ack':
        return consumers.ack(command, this.#chosen(command, command.backs))
      case 'release':
        return consumers.release(command, command.member, this.#chosen(command, command.backs))
      case 'delete':
        this.#given.delete(keyOf(command))
        return consumers.delete(command)
      case 'dead':
        return (await consumers.dead(command, 100)).map(named)
      case 'write': {
        const jobs = command.jobs.map(({ task, owned }) =>
          newJob(`job-${this.#jobs++}`, { task, owner: owned ? 'ada' : null, announce: true }),
        )
        await this.#opened.store.enqueue(jobs)
        return undefined
      }
      case 'advance':
        return this.#opened.elapse(command.ms)
      default:
        return command satisfies never
    }
  }

  async look(): Promise<unknown> {
    const groups = await this.#opened.store.consumers.groups()
    return groups.map(({ members, ...rest }) => ({
      ...rest,
      members: members.toSorted((a, b) => (a.member < b.member ? -1 : 1)),
    }))
  }

  #of(group: Which): Delivery[] {
    return this.#given.get(keyOf(group)) ?? []
  }

  #chosen(group: Which, chosen: readonly number[]): Delivery[] {
    const given = this.#of(group)
    return chosen.flatMap((back) => given[back] ?? [])
  }
}

const keyOf = ({ name, owner }: Which): string => JSON.stringify([name, owner])
const deliveryTo = (to: string, { notice, deliveries }: Delivered): Delivery => ({
  member: to,
  id: streamId(notice.cursor),
  deliveries,
})
/** A delivery by what it is about: ids differ between stores, numbers do not. */
const named = ({ notice, deliveries }: Delivered): string =>
  `${parseCursor(notice.cursor).seq} ${notice.jobId} ${notice.task} ${notice.owner} ${deliveries}`
const told = ({ delivered, gap, ...rest }: PullReply) => ({ delivered: delivered.map(named), gap, ...rest })

test(
  'Redis answers every sequence of commands to groups as the specification does',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 60 }), async (commands) => {
        const [memory, redis] = [await openMemory(new ManualClock()), await openRedis(new ManualClock())]
        const [model, real] = [new Player(memory), new Player(redis)]
        try {
          for (const [n, one] of commands.entries()) {
            const expected = await model.play(one)
            expect(await real.play(one), `the answer to command ${n}, ${JSON.stringify(one)}`).toEqual(
              expected,
            )
          }
          expect(await real.look()).toEqual(await model.look())
        } finally {
          await memory.dispose()
          await redis.dispose()
        }
      }),
      { numRuns: RUNS, interruptAfterTimeLimit: TIME_MS, ...seeded() },
    )
  },
  6 * TIME_MS, // shrinking a failure takes longer than finding it
)

type Turn =
  | { do: 'write'; count: number }
  | { do: 'pull'; member: string; window: number; acks: number }
  | { do: 'crash' | 'leave' | 'resume'; member: string }
  | { do: 'wait'; ms: number }

const turn: fc.Arbitrary<Turn> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('write' as const), count: fc.integer({ min: 1, max: 400 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('pull' as const),
      member,
      window: fc.integer({ min: 1, max: 200 }),
      acks: fc.nat(200),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('crash' as const, 'leave' as const, 'resume' as const),
      member,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1_000, ACK_WAIT_MS, MEMBER_TTL_MS),
    }),
  },
)

const GROUP = { name: 'mailer', owner: null }

/** Members of one group, and the account of what became of every record. Nobody acks late: that is the other test's. */
class Account {
  readonly #store: Store
  readonly #clock: ManualClock
  /** What each member has been given and has not acked, by the record's number. */
  readonly #hands = new Map<string, Map<number, Delivery>>()
  /** When each delivery was made. */
  readonly #givenAt = new Map<string, number>()
  readonly #crashed = new Set<string>()
  readonly acked = new Set<number>()
  missed = 0

  constructor(store: Store, clock: ManualClock) {
    this.#store = store
    this.#clock = clock
  }

  async pull(member: string, window: number, resume = false): Promise<number> {
    const reply = await this.#store.consumers.pull({ ...GROUP, member, window, resume })
    const hand = this.#hand(member)
    for (const one of reply!.delivered) {
      const { seq } = parseCursor(one.notice.cursor)
      const delivery = deliveryTo(member, one)
      const token = JSON.stringify(delivery)
      if (this.acked.has(seq)) throw new Error(`Record ${seq} was acked, and came again.`)
      if (!resume && this.#givenAt.has(token)) throw new Error(`Record ${seq} came twice as ${token}.`)
      if (!this.#givenAt.has(token)) this.#givenAt.set(token, this.#clock.now())
      hand.set(seq, delivery)
    }
    // A gap that is told and not acked must come again; odd windows are those who lose it.
    if (reply!.gap !== null && window % 2 === 0) {
      const { missed, deliveries } = reply!.gap
      await this.#store.consumers.ack(GROUP, [{ member, id: 'gap', deliveries }])
      this.missed += missed
    }
    return reply!.delivered.length
  }

  async ack(member: string, count: number): Promise<void> {
    const hand = this.#hand(member)
    const inTime = [...hand].filter(
      ([, delivery]) => this.#clock.now() - this.#givenAt.get(JSON.stringify(delivery))! < ACK_WAIT_MS,
    )
    const some = inTime.slice(0, count)
    const settled = await this.#store.consumers.ack(
      GROUP,
      some.map(([, delivery]) => delivery),
    )
    for (const [n, [seq]] of some.entries()) {
      if (!settled[n]) throw new Error(`Record ${seq} was acked in time, and refused.`)
      hand.delete(seq)
      this.acked.add(seq)
    }
  }

  crash(member: string): void {
    this.#hands.delete(member)
    this.#crashed.add(member)
  }

  /** One that crashed does not say goodbye: it no longer knows what it has looked at. */
  async leave(member: string): Promise<void> {
    if (this.#crashed.has(member)) return
    await this.#store.consumers.release(GROUP, member, [...this.#hand(member).values()])
    this.#hands.delete(member)
  }

  #hand(member: string): Map<number, Delivery> {
    const hand = this.#hands.get(member) ?? new Map<number, Delivery>()
    this.#hands.set(member, hand)
    return hand
  }
}

async function account(open: Open, turns: readonly Turn[]): Promise<void> {
  const clock = new ManualClock()
  const { store, elapse, dispose } = await open(clock, { streamMaxLen: 100, streamCap: 500 })
  try {
    const rules = { tasks: null, types: null, ackWaitMs: ACK_WAIT_MS, maxDeliveries: MAX_DELIVERIES }
    await store.consumers.open({ ...GROUP, rules, from: START, maxGroups: 1 })
    const seen = new Account(store, clock)
    let written = 0
    for (const one of turns) {
      switch (one.do) {
        case 'write':
          await store.enqueue(
            Array.from({ length: one.count }, () => newJob(`job-${written++}`, { announce: true })),
          )
          break
        case 'pull':
          await seen.pull(one.member, one.window)
          await seen.ack(one.member, one.acks)
          break
        case 'crash':
          seen.crash(one.member)
          break
        case 'leave':
          await seen.leave(one.member)
          break
        case 'resume':
          await seen.pull(one.member, 100, true)
          break
        case 'wait':
          await elapse(one.ms)
          break
        default:
          one satisfies never
      }
    }
    // Everybody is gone; one comes who works it all off.
    for (const name of MEMBERS) seen.crash(name)
    await elapse(ACK_WAIT_MS)
    for (;;) {
      const count = await seen.pull('last', 1_000)
      await seen.ack('last', 1_000)
      const [info] = await store.consumers.groups()
      if (count === 0 && info!.lag === 0 && info!.pending === 0 && info!.missed === 0) break
    }
    const dead = (await store.consumers.dead(GROUP, 1_000)).map(
      ({ notice }) => parseCursor(notice.cursor).seq,
    )
    expect((await store.consumers.groups())[0]!.dead).toBe(dead.length)
    expect(dead.filter((seq) => seen.acked.has(seq))).toEqual([])
    expect(seen.acked.size + dead.length + seen.missed).toBe(written)
  } finally {
    await dispose()
  }
}

describe('every record ends acked, dead or missed, whoever crashes and whatever is trimmed', () => {
  for (const [name, open] of [
    ['memory', openMemory],
    ['Redis', openRedis],
  ] as const) {
    test(
      `in ${name}`,
      async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(turn, { minLength: 5, maxLength: 40 }), (turns) => account(open, turns)),
          { numRuns: RUNS, interruptAfterTimeLimit: TIME_MS, ...seeded() },
        )
      },
      6 * TIME_MS,
    )
  }
})
