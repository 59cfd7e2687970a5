/**
 * One session's wait for work and for cancellations: a blocking pop on a connection of its own.
 *
 * The pop outlives the wait that started it. A job that ends aborts the wait of a busy worker many thousand
 * times a second, and each of them would otherwise cost a pop and a nudge to end it; so the next wait takes
 * over the pop that is under way. What a pop brings when nobody waits is not lost: the marker goes back at
 * once, for another worker, and a cancellation is kept for the next wait.
 *
 * A marker can be lost with the worker that took it, and a line may fall silent: the beats that renew the lease look
 * around, and tell (`beats.ts`). So pops may be long.
 */
import { type Claimed, type Clock, Deadlines, LovageError, type Wake } from '@lovage/core'
import type { Connection } from './connection.ts'
import type { Seen } from './beats.ts'
import type { Keys } from './keys.ts'
import type { Run } from './script.ts'
import { type Handed, handedIn, sinceText } from './scripts/idle.ts'
import { giveBack, nudge, peek } from './scripts/marker.ts'

/** A line that fell silent while that of the beats did not is found out then. */
const BLOCK_MS = 20_000
const BLOCK_SECONDS = `${BLOCK_MS / 1000}`
const POP = { repeatable: false, answerMs: BLOCK_MS + 2_000 }
/** How long a pop may take to answer the nudge at the end. */
const CLOSE_MS = 1_000
/** Cancellations that are fetched at once. */
const TOLD_MAX = 100

interface Caller {
  work: boolean
  /** Ends its wait. */
  signal: AbortSignal
  /** When it is told that its time is over, by the clock. */
  until: number
  resolve: (wake: Wake) => void
  reject: (error: Error) => void
}

export interface WaiterOptions {
  session: string
  keys: Keys
  /** For this session alone. */
  blocking: Connection
  commands: Connection
  run: Run
  clock: Clock
  /** The name of the store. */
  store: string
  /** What a job that was handed over says; nothing where it cannot be read. */
  claimedOf: (handed: Handed) => Claimed[]
}

export class Waiter {
  readonly #ctl: string
  readonly #hand: string
  /** How the keys of markers begin. */
  readonly #markers: string
  readonly #options: WaiterOptions
  #queues: readonly string[] = ['default']
  #told: Wake['cancelled'] = []
  #handed: Claimed[] = []
  /** By the store's clock; since then this session may be handed jobs, and has heard of none. */
  #idleSince: number | undefined
  /** What it may be handed at once, as the latest step said that asked for jobs. */
  #idleSlots = 0
  /** A step under way asks for jobs to be handed: one may come before its answer. */
  #isAsking = false
  /** A job may be on its way, also when a step has been made since that ends it: what was handed before waits for the next pop. */
  #mayBring = false
  /** The job that the latest step asked for. Where none was on its way before, the next one to come is that one. */
  #asked: 'awaited' | 'come' | 'unclear' = 'unclear'
  /** A pop was not answered while it might bring a job. */
  #isLost = false
  #caller: Caller | undefined
  /** That is listened to: many waits in a row have the same one. */
  #signal: AbortSignal | undefined
  #pop: { work: boolean; ended: Promise<void> } | undefined
  #dueAt: number | undefined
  /** Of the caller. Few waits last so long: the timer of one serves the next. */
  readonly #deadlines: Deadlines

  constructor(options: WaiterOptions) {
    this.#options = options
    this.#ctl = `${options.keys.prefix}ctl:${options.session}`
    this.#hand = `${options.keys.prefix}hand:${options.session}`
    this.#markers = `${options.keys.prefix}wake:`
    this.#deadlines = new Deadlines(options.clock, (now) => this.#timeIsUp(now), true)
  }

  /**
   * Since when the session may be handed jobs, and how many, as `sinceText` has it, which the next step takes back.
   *
   * @throws LovageError `STORE_UNAVAILABLE` where it may hold one of which nobody will ever hear: it has to be replaced
   */
  idleSince(): string | undefined {
    if (!this.#isLost)
      return this.#idleSince === undefined ? undefined : sinceText(this.#idleSince, this.#idleSlots)
    const cause = 'an answer was lost that may have brought a job'
    throw new LovageError('STORE_UNAVAILABLE', { store: this.#options.store, cause })
  }

  /** A step is sent that asks for jobs to be handed, so many at once. */
  ask(idleSlots: number): void {
    this.#idleSlots = idleSlots
    this.#asked = this.#mayBring ? 'unclear' : 'awaited'
    this.#isAsking = true
    this.#mayBring = true
  }

  /**
   * A step was made for these queues, and told when the next thing is due: nobody rings for it.
   *
   * @param idleSince Where the session may be handed jobs from now on.
   */
  expect(queues: readonly string[], nextDueMs: number | null, idleSince?: number): void {
    this.#idleSince = this.#asked === 'come' ? undefined : idleSince
    this.#isAsking = false
    if (this.#idleSince !== undefined) this.#mayBring = true
    this.#queues = queues
    this.#dueAt = nextDueMs === null ? undefined : this.#options.clock.now() + nextDueMs
    if (this.#caller !== undefined) this.#deadlines.watch(this.#deadlineOf(this.#caller))
  }

  wait({
    work,
    timeoutMs,
    signal,
  }: {
    work: boolean
    timeoutMs: number
    signal: AbortSignal
  }): Promise<Wake> {
    if (this.#told.length > 0 || this.#handed.length > 0 || signal.aborted)
      return Promise.resolve(this.#wake(false))
    if (timeoutMs <= 0) return this.#look(work)
    this.#listenTo(signal)
    return new Promise((resolve, reject) => {
      const until = this.#options.clock.now() + timeoutMs
      const caller = { work, until, signal, resolve, reject }
      this.#caller = caller
      this.#deadlines.watch(this.#deadlineOf(caller))
      if (this.#pop === undefined) this.#block()
      else if (work && !this.#pop.work) void this.#nudge()
    })
  }

  readonly #onAbort = (): void => {
    if (this.#caller?.signal.aborted === true) this.#tell(false)
  }

  #listenTo(signal: AbortSignal | undefined): void {
    if (signal === this.#signal) return
    this.#signal?.removeEventListener('abort', this.#onAbort)
    signal?.addEventListener('abort', this.#onAbort)
    this.#signal = signal
  }

  /** Ends the wait, where there is one. */
  #tell(work: boolean): void {
    const caller = this.#caller
    if (caller === undefined) return
    this.#caller = undefined
    caller.resolve(this.#wake(work))
  }

  /** What a beat has seen. */
  see({ work, nextDueMs }: Seen): void {
    if (nextDueMs !== null) this.#dueAt = this.#options.clock.now() + nextDueMs
    const caller = this.#caller
    if (!caller?.work) return
    if (work) this.#tell(true)
    else this.#deadlines.watch(this.#deadlineOf(caller))
  }

  /** The wait would be in vain. */
  fail(error: Error): void {
    const caller = this.#caller
    this.#caller = undefined
    caller?.reject(error)
  }

  /** When something is due that the caller is to be told of. */
  #dueFor({ work }: Caller): number {
    return (work ? this.#dueAt : undefined) ?? Number.POSITIVE_INFINITY
  }

  /** When it is looked whether the caller has to be told something. */
  #deadlineOf(caller: Caller): number {
    return Math.min(caller.until, this.#dueFor(caller))
  }

  #timeIsUp(now: number): number {
    const caller = this.#caller
    if (caller === undefined) return Number.POSITIVE_INFINITY
    const at = this.#deadlineOf(caller)
    if (at > now) return at
    this.#tell(this.#dueFor(caller) <= now)
    return Number.POSITIVE_INFINITY
  }

  /** Ends the wait and the pop; a marker that it popped is back in its place then. */
  async close(): Promise<void> {
    this.#tell(false)
    this.#listenTo(undefined)
    const { blocking } = this.#options
    if (this.#pop !== undefined) {
      const late = setTimeout(() => blocking.drop(), CLOSE_MS)
      void this.#nudge().then((isThere) => isThere || blocking.drop())
      await this.#pop.ended
      clearTimeout(late)
    }
    this.#deadlines.close()
    blocking.drop()
  }

  #wake(work: boolean): Wake {
    const wake: Wake = { work, cancelled: this.#told }
    this.#told = []
    if (this.#handed.length > 0) {
      wake.handed = this.#handed
      this.#handed = []
    }
    return wake
  }

  /** What a wait of no length would find. */
  async #look(work: boolean): Promise<Wake> {
    await this.#drain()
    return this.#wake(work && (await this.#options.run(peek, {}, this.#queues)))
  }

  #block(): void {
    const { work } = this.#caller as Caller
    const ended = this.#popOnce(work).then(
      () => this.#ended(),
      (error: Error) => {
        if (this.#mayBring) this.#isLost = true
        this.fail(error)
        this.#ended()
      },
    )
    this.#pop = { work, ended }
  }

  #isListed(): boolean {
    return this.#idleSince !== undefined || this.#isAsking
  }

  #ended(): void {
    this.#pop = undefined
    if (this.#caller !== undefined) this.#block()
  }

  async #popOnce(work: boolean): Promise<void> {
    const { blocking, run } = this.#options
    // What it is told of a job comes after the job.
    const from = [this.#hand, this.#ctl]
    if (work) for (const queue of this.#queues) from.push(this.#markers + queue)
    const wasListed = this.#isListed()
    from.push(BLOCK_SECONDS)
    const reply = await blocking.command('blpop', from, POP)
    const [key, message] = (reply ?? []) as [key?: string, message?: string]
    const isHanded = key === this.#hand
    if (!isHanded && !wasListed && !this.#isListed()) this.#mayBring = false // it would have come first
    if (isHanded) {
      const handed = handedIn(message as string)
      if (this.#asked === 'awaited') {
        this.#asked = 'come'
        this.#isAsking = false
      }
      // Else it may have been listed anew since: to take off what is not there does no harm.
      if (this.#asked === 'come' || this.#idleSince === undefined || this.#idleSince < handed.claimedAt) {
        this.#idleSince = undefined
        this.#mayBring = this.#isAsking
      }
      this.#handed.push(...this.#options.claimedOf(handed))
      this.#tell(false)
    } else if (key?.startsWith(this.#markers)) {
      if (this.#caller?.work) this.#tell(true)
      else await run(giveBack, { queue: key.slice(this.#markers.length) })
    } else if (message) {
      this.#hear(message)
      await this.#drain()
      this.#tell(false)
    }
  }

  async #drain(): Promise<void> {
    const { commands } = this.#options
    const messages = await commands.command('lpop', [this.#ctl, TOLD_MAX], { repeatable: false })
    for (const message of (messages ?? []) as string[]) this.#hear(message)
  }

  /** An empty message is a nudge. */
  #hear(message: string): void {
    if (message !== '') this.#told.push(JSON.parse(message) as Wake['cancelled'][number])
  }

  /** Ends the pop that is under way; if Redis cannot be reached, its own timeout does. Answers `false` where the session is no more. */
  #nudge(): Promise<boolean> {
    const { run, session } = this.#options
    return run(nudge, { session }).catch(() => true)
  }
}
