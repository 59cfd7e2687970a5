/**
 * What a command means for a store. It asks the store for nothing but answers, so that two stores that are given the
 * same sequence are given the same calls.
 */
import {
  type Claimed,
  type Cursor,
  type Hold,
  type NewJob,
  parseCursor,
  type SaidPart,
  type Search,
  type Settlement,
  START,
  type Store,
  type StoredNotice,
} from '@lovage/core'
import { encoded, failure, report, saying } from './acts.ts'
import {
  type Command,
  type FlowChoice,
  HELD,
  IDS,
  isTagged,
  type JobChoice,
  LEASE_MS,
  LONG_MS,
  OWNERS,
  QUEUES,
  type SettleChoice,
  TAGS,
  TASKS,
  TTL_MS,
  WORKERS,
} from './commands.ts'

/** Of the machine's time; it was there before anybody asked. */
const HEARD_MS = 5_000

interface Worker {
  session: string
  joins: number
  /** What it claimed under whatever session and has not settled; then what it has. */
  held: Claimed[]
  stale: Claimed[]
  /** Its last step found nothing for it, and it holds nothing: it may be handed jobs. */
  isIdle: boolean
  /** What it was handed and has not heard of: where it is a session of the specification, all of each job. */
  unheard: readonly (Hold & { job?: Claimed })[]
}

/** One store, as the workers of a sequence see it. */
export class Player {
  readonly #store: Store
  readonly #elapse: (ms: number) => Promise<void>
  readonly #now: () => number
  readonly #workers = Array.from({ length: WORKERS }, (_, n): Worker => ({
    session: `w${n}.0`,
    joins: 0,
    held: [],
    stale: [],
    isIdle: false,
    unheard: [],
  }))
  readonly #cursors: Cursor[] = [START]
  readonly #usedIds = new Set<string>()

  constructor(store: Store, { elapse, now }: { elapse: (ms: number) => Promise<void>; now: () => number }) {
    this.#store = store
    this.#elapse = elapse
    this.#now = now
  }

  /** The store's answer, without what may differ between stores: in a cursor only the number counts. */
  async play(command: Command): Promise<unknown> {
    return comparable(await this.#do(command))
  }

  async #do(command: Command): Promise<unknown> {
    switch (command.do) {
      case 'enqueue':
        return this.#store.enqueue(command.jobs.map(this.#newJob))
      case 'flow':
        return this.#store.enqueue(flowJobs(command.flow, this.#newJob))
      case 'step': {
        const self = this.#worker(command)
        const chosen = command.settle.flatMap((choice) =>
          this.#chosen(self, [choice.back]).map((job) => ({ job, choice })),
        )
        const settled = new Set(chosen.map(({ job }) => job))
        const left = self.held.filter((job) => !settled.has(job))
        const isIdle = command.isIdle === true && left.length === 0 && self.unheard.length === 0
        const reply = await this.#store.step({
          session: self.session,
          settle: chosen.map(({ job, choice }) => settlement(job, choice)),
          claim: command.claim,
          queues: command.queues,
          release: this.#chosen(self, command.release).map(({ id }) => id),
          verify: command.verify ? [...self.held, ...self.stale].slice(-HELD) : [],
          announce: new Set(command.announce ? TASKS.slice(1) : []),
          isIdle,
        })
        self.held = [...left, ...reply.claimed]
        self.stale.push(...settled)
        self.isIdle = isIdle && reply.claimed.length === 0
        return reply
      }
      case 'hear':
        return this.#hear(this.#worker(command))
      case 'lose':
        return this.#lose(this.#worker(command))
      case 'progress': {
        const self = this.#worker(command)
        return this.#store.progress(
          self.session,
          this.#chosen(self, command.backs).map((job) => report(job, job.attempt)),
        )
      }
      case 'say': {
        const self = this.#worker(command)
        const parts = partsFrom(command.first)
        return this.#store.say(
          self.session,
          this.#chosen(self, command.backs).map((job) => saying(job, ...parts)),
        )
      }
      case 'cancel':
        return this.#store.cancel({
          id: command.id,
          by: null,
          reason: command.reason,
          ttlMs: command.kept ? TTL_MS : 0,
        })
      case 'join': {
        // The session that it leaves behind dies, and must not be handed a job: `lose` does that.
        const self = this.#worker(command)
        await this.#hear(self)
        if (self.isIdle)
          await this.#store.step({ session: self.session, settle: [], claim: 0, queues: ['default'] })
        return this.#join(command)
      }
      case 'takeOver':
        return this.#join(command, this.#chosen(this.#worker(command), command.backs), command.twice)
      case 'extend': {
        const reply = await this.#store.extend(this.#worker(command).session, LEASE_MS)
        return reply.alive ? reply : [reply, await this.#join(command)] // as a worker that was given up does
      }
      case 'handBack': {
        const self = this.#worker(command)
        const held = this.#chosen(self, command.backs) // some of which it has no more
        await this.#store.handBack(self.session, held)
        self.held = self.held.filter((job) => !held.includes(job))
        self.stale.push(...held)
        return undefined
      }
      case 'leave': {
        const self = this.#worker(command)
        forgetHands(self)
        return this.#store.leave(self.session)
      }
      case 'advance':
        await this.#hearAll()
        return this.#elapse(command.ms)
      case 'get': {
        const snapshot = await this.#store.get(command.id)
        if (snapshot !== null) this.#cursors.push(snapshot.cursor)
        return snapshot
      }
      case 'range': {
        const page = await this.#store.range(
          this.#cursors.at(-1 - (command.back % this.#cursors.length))!,
          command.limit,
        )
        this.#cursors.push(page.cursor)
        return page
      }
      case 'limit':
        return this.#store.limit(command.rules)
      case 'pause':
        return [await this.#store.pause(command.target), await this.#store.paused()]
      case 'resume':
        return [await this.#store.resume(command.target), await this.#store.paused()]
      case 'putSchedule': {
        const { id: _, ...job } = this.#newJob(command.job)
        return this.#store.putSchedule({
          name: command.name,
          job: { task: job.task, owner: job.owner, input: job.input, options: job.options },
          spec: '{"every":"ü"}',
          source: 'user',
          nextAt: this.#now() + command.inMs,
        })
      }
      case 'removeSchedule':
        return this.#store.removeSchedule(command.name)
      case 'fire': {
        const { name, isLate, nextInMs, jobs } = command
        const schedule = (await this.#store.schedules()).find((one) => one.name === name)
        const at = (schedule?.nextAt ?? 0) - (isLate ? 1 : 0)
        const nextAt = nextInMs === null ? null : this.#now() + nextInMs
        return this.#store.fire({ name, at, nextAt, jobs: jobs.map(this.#newJob) })
      }
      case 'retry': {
        for (const { newId } of command.pairs) this.#usedIds.add(newId)
        const pairs = await Promise.all(
          command.pairs.map(async ({ nth, newId }) => ({ id: await this.#failed(nth), newId })),
        )
        return this.#store.retry(pairs.filter(({ id, newId }) => isTagged(id) === isTagged(newId)))
      }
      case 'discard':
        return this.#store.discard(await Promise.all(command.nths.map((nth) => this.#failed(nth))))
      case 'find':
        return this.#found(command.search, command.limit)
      default:
        return command satisfies never
    }
  }

  /** The session that holds a job, where one does. */
  async holder(id: string): Promise<string | null> {
    const job = await this.#store.get(id)
    return job?.state === 'running' ? job.worker : null
  }

  /**
   * What another store has handed to a session is claimed by it, as the specification allows: answers the ids. This step
   * puts in line what is due besides, and so does that of `hands`.
   */
  async takes(session: string, count: number): Promise<string[]> {
    const self = this.#handed(session)
    if (self === undefined) return []
    const { claimed } = await this.#store.step({ session, settle: [], claim: count, queues: ['default'] })
    self.unheard = claimed.map((job) => ({ ...job, job }))
    return claimed.map(({ id }) => id)
  }

  /** This store has handed jobs to a session. */
  async hands(session: string, ids: readonly string[]): Promise<void> {
    const self = this.#handed(session)
    if (self !== undefined) self.unheard = ids.map((id) => ({ id, claimedAt: this.#now() }))
    await this.#store.step({ session: 'nobody', settle: [], claim: 0, queues: ['default'] })
  }

  #handed(session: string): Worker | undefined {
    const self = this.#workers.find((worker) => worker.session === session && worker.isIdle)
    if (self !== undefined) self.isIdle = false
    return self
  }

  async #hear(self: Worker): Promise<Claimed[]> {
    const { unheard, session } = self
    if (unheard.length === 0) return []
    const options = { work: false, timeoutMs: LONG_MS, signal: AbortSignal.timeout(HEARD_MS) }
    const known = unheard.flatMap(({ job }) => job ?? [])
    const { handed = [] } = known.length > 0 ? { handed: known } : await this.#store.wait(session, options)
    self.unheard = []
    self.held.push(...handed)
    return handed
  }

  /** Before time passes: a session that dies and has not heard is a command of its own. */
  async #hearAll(but?: Worker): Promise<void> {
    for (const worker of this.#workers) if (worker !== but) await this.#hear(worker)
  }

  /** Its lease runs out, later than that of any other. In the specification it has heard, and hands back at that moment. */
  async #lose(self: Worker): Promise<unknown> {
    const { unheard, session } = self
    if (unheard.length === 0 || self.held.length > 0) return undefined
    const others = this.#workers.filter((worker) => worker !== self)
    const extendAll = async (workers: readonly Worker[]): Promise<unknown[]> => {
      const replies: unknown[] = []
      for (const worker of workers) replies.push(await this.#store.extend(worker.session, LEASE_MS))
      return replies
    }
    await this.#hearAll(self)
    const replies = await extendAll(others)
    await this.#elapse(1)
    replies.push(...(await extendAll([self, ...others])))
    await this.#elapse(LEASE_MS - 1)
    replies.push(...(await extendAll(others)))
    if (unheard[0]?.job) await this.#store.handBack(session, unheard)
    await this.#elapse(1)
    replies.push(...(await extendAll(others)))
    forgetHands(self)
    return replies
  }

  async #failed(nth: number): Promise<string> {
    const failed = await this.#found({ state: 'failed' }, 100)
    return failed[nth] ?? (IDS[nth] as string)
  }

  /** All pages. A store may give what is in no order in any. */
  async #found(search: Search, limit: number): Promise<string[]> {
    const found = new Set<string>()
    let after: string | undefined
    do {
      const { ids, next } = await this.#store.find(search, { limit, after })
      for (const id of ids) found.add(id)
      after = next ?? undefined
    } while (after !== undefined)
    const isOrdered = 'tag' in search || ['scheduled', 'retrying', 'failed'].includes(search.state)
    return isOrdered ? [...found] : [...found].toSorted()
  }

  async #join(command: { worker: number }, holds?: readonly Hold[], twice = false): Promise<unknown> {
    const self = this.#worker(command)
    const before = self.session
    forgetHands(self)
    self.joins += 1
    self.session = `w${command.worker}.${self.joins}`
    const request = {
      session: self.session,
      leaseMs: LEASE_MS,
      ...(holds && { replaces: { session: before, holds } }),
    }
    const reply = await this.#store.join(request)
    return twice ? [reply, await this.#store.join(request)] : reply
  }

  #newJob = (choice: JobChoice): NewJob => {
    const isNew = !this.#usedIds.has(choice.id)
    this.#usedIds.add(choice.id)
    return { ...newJob(choice, this.#now()), isNew }
  }

  #worker = ({ worker }: { worker: number }): Worker => this.#workers[worker] as Worker

  /** Counted back from the newest: first of those that it may hold, then of those that it has settled. */
  #chosen({ held, stale, unheard }: Worker, backs: readonly number[]): Claimed[] {
    const chosen = backs.flatMap(
      (back) => (back < HELD ? held.at(-1 - back) : stale.at(HELD - 1 - back)) ?? [],
    )
    // An id that ends, lives again and is claimed again within one ms has the same hold twice, and a worker that had the first as well means the last.
    const isSame = (a: Hold, b: Hold): boolean => a.id === b.id && a.claimedAt === b.claimedAt
    const known = chosen.map((job) => held.findLast((other) => isSame(job, other)) ?? job)
    return known.filter((job) => !unheard.some((one) => isSame(job, one)))
  }

  /** All that can be seen of the store from outside. */
  async look(): Promise<{
    jobs: Record<string, unknown>
    said: unknown
    counts: unknown
    depths: unknown
    feed: readonly StoredNotice[]
    more: unknown
    tail: unknown
  }> {
    const jobs: Record<string, unknown> = {}
    const said: Record<string, unknown> = {}
    for (const id of IDS) {
      jobs[id] = await this.#store.get(id)
      said[id] = await this.#store.said(id)
    }
    const { notices } = await this.#store.range(START, 10_000)
    const found: Record<string, string[]> = {}
    for (const state of ['queued', 'waiting', 'scheduled', 'retrying', 'running', 'failed'] as const)
      found[state] = await this.#found({ state }, 100)
    for (const tag of TAGS) found[tag] = await this.#found({ tag }, 100)
    const last = []
    for (const task of TASKS) for (const owner of OWNERS) last.push(await this.#store.last(task, owner))
    return comparable({
      jobs,
      said,
      counts: await this.#store.counts(),
      depths: (await this.#store.depths()).map(({ queue, queued }) => ({ queue, queued })),
      feed: notices,
      more: { found, last, paused: await this.#store.paused(), schedules: await this.#store.schedules() },
      tail: await this.#store.tail(),
    })
  }

  /**
   * Opens every gate, lets every worker go and all delays pass, and claims and ends whatever comes, until nothing does;
   * cancels those who wait for somebody who was never theirs. Answers which came, in order.
   */
  async drain(): Promise<string[]> {
    for (const target of await this.#store.paused()) await this.#store.resume(target)
    const names = TASKS.flatMap((name) => [
      { of: 'task' as const, name },
      { of: 'key' as const, name },
    ])
    const queues = QUEUES.map((name) => ({ of: 'queue' as const, name }))
    await this.#store.limit([...names, ...queues].map((rule) => ({ ...rule, limit: null })))
    for (const { name } of await this.#store.schedules()) await this.#store.removeSchedule(name)
    for (const { session } of this.#workers) await this.#store.leave(session)
    await this.#elapse(LONG_MS)
    await this.#store.join({ session: 'drain', leaseMs: LEASE_MS })
    await this.#store.extend('drain', LEASE_MS) // reaps those that joined under another name since
    const came: string[] = []
    let settle: Settlement[] = []
    let stuck: string | undefined
    do {
      const { claimed } = await this.#store.step({ session: 'drain', settle, claim: 100, queues: QUEUES })
      came.push(...claimed.map(({ id }) => id))
      settle = claimed.map((job) => settlement(job, { back: 0, to: 'succeeded', delayMs: 0, reports: false }))
      stuck = claimed.length > 0 ? undefined : (await this.#found({ state: 'waiting' }, 100))[0]
      if (stuck !== undefined) await this.#store.cancel({ id: stuck, by: null, reason: null, ttlMs: TTL_MS })
    } while (settle.length > 0 || stuck !== undefined)
    await this.#store.leave('drain')
    return came
  }
}

function forgetHands(self: Worker): void {
  self.isIdle = false
  self.unheard = []
}

const newJob = (
  { owned, options: { tags: _, ...options }, unique, runInMs, ...job }: JobChoice,
  now: number,
): NewJob => ({
  ...job,
  ...(runInMs !== undefined && { runAt: now + runInMs }),
  options: isTagged(job.id) ? { ...options, tags: [TAGS[job.id.length % TAGS.length] as string] } : options,
  // A job that is renewed gets the tags of another one.
  ...(unique && { unique: isTagged(job.id) ? unique.filter(({ type }) => type !== 'debounce') : unique }),
  owner: OWNERS[owned ? 1 : 0],
  input: owned ? { json: '["ü",1]', meta: '{"values":{"1":["bigint"]}}' } : encoded({ of: job.id }),
})

/** Parents before their children. */
function flowJobs(
  { job, gets, isGroup, children }: FlowChoice,
  newJob: (choice: JobChoice) => NewJob,
): NewJob[] {
  const waits = { children: children.length, input: gets, isGroup }
  return [
    { ...newJob(job), flow: { waits } },
    ...children.flatMap((child, part): NewJob[] => {
      const [first, ...rest] = child.children.length === 0 ? [newJob(child.job)] : flowJobs(child, newJob)
      const parent = { id: job.id, part, onFailure: child.onFailure }
      return [{ ...(first as NewJob), flow: { ...first?.flow, parent } }, ...rest]
    }),
  ]
}

const RICH = { meta: '{"values":["Date"]}' }

function settlement(
  { id, task, owner, attempt, claimedAt, options }: Claimed,
  { to, delayMs, reports, isForgotten }: SettleChoice,
): Settlement {
  const held = {
    id,
    task,
    owner,
    attempt,
    claimedAt,
    options,
    ...(reports && { progress: encoded([attempt, 'last']) }),
  }
  switch (to) {
    case 'succeeded':
      return {
        ...held,
        to,
        result: { json: `"${id}"`, ...(owner !== null && RICH) },
        ttlMs: isForgotten ? 0 : TTL_MS,
      }
    case 'failed':
      return { ...held, to, error: failure, ttlMs: delayMs === 0 ? 0 : TTL_MS }
    case 'retrying':
      return { ...held, to, error: failure, delayMs }
  }
}

/** A line and a text, of which some will have been written already. */
const partsFrom = (first: number): SaidPart[] => [
  { type: 'log', first, count: 1, dropped: 0, data: { json: '[{"message":"a \\"line\\""}]' } },
  { type: 'chunk', first, count: 2, dropped: first, data: encoded('ü/') },
]

/** The same, with each cursor reduced to its number. */
function comparable<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value ?? null, (key, part: unknown) =>
      key === 'cursor' || key === 'tail' ? parseCursor(part as Cursor).seq : part,
    ),
  ) as T
}
