/** The worker as its users hold it: started, run, watched, stopped. */
import {
  type AnyStore,
  type Duration,
  durationMs,
  LovageError,
  type PoolView,
  sleep,
  type TaskTree,
} from '@lovage/core'
import { openProbe, type Probe } from '@lovage/ops'
import { openStore } from '@lovage/redis'
import { Events, type WorkerEvent, type WorkerEvents } from './events.ts'
import { lifeOf, type WorkerHealth } from './health.ts'
import { createLogger, logEvents } from './log.ts'
import { hosted, workerHost } from './host.ts'
import { type Settings, settingsOf, type WorkerOptions } from './options.ts'
import { Posts } from './posts.ts'
import { takeProcess } from './shutdown.ts'

/**
 * A worker for a tree of tasks.
 *
 * @example await createWorker({ tasks, redis: process.env.REDIS_URL, handlers: { … } }).run()
 * @throws TypeError when tasks and handlers do not match
 * @throws LovageError `OPTION_INVALID`
 */
export function createWorker<const Tree extends TaskTree>(given: WorkerOptions<Tree>): Worker {
  const host = workerHost()
  const options = host === undefined ? given : hosted(given, host)
  const settings = settingsOf(options)
  const events = new Events()
  logEvents(events, options.logger ?? createLogger(options.logLevel ?? 'info'))
  settings.tracing?.watchWorker(events)
  const worker = new Worker(settings, events, openStore(options), options.store === undefined)
  host?.onWorker(worker)
  return worker
}

/** How long handlers may take to end once a shutdown has aborted their signals, before their jobs are handed back. */
const HAND_BACK_MS = 300
/** A store that is gone must not keep the process from ending. */
const LEAVE_MS = 2_000

export class Worker {
  readonly #settings: Settings
  readonly #events: Events
  readonly #store: AnyStore
  readonly #ownsStore: boolean
  readonly #posts: Posts
  /** Aborted when, while it drains, nothing runs any more and all is written. */
  readonly #drained = new AbortController()
  /** Aborted when whoever stops the worker will not wait any longer. */
  readonly #hurry = new AbortController()
  readonly #finished: Promise<void>
  #finish: () => void = () => {}
  #state: State = 'new'
  #startedAt: number | null = null
  #probe: Probe | undefined
  #started: Promise<boolean> | null = null
  #stopped: Promise<void> | null = null

  /** Use `createWorker`. */
  constructor(settings: Settings, events: Events, store: AnyStore, ownsStore: boolean) {
    this.#settings = settings
    this.#events = events
    this.#store = store
    this.#ownsStore = ownsStore
    this.#posts = new Posts(settings, events, store, () => this.#drained.abort())
    this.#finished = new Promise((resolve) => (this.#finish = resolve))
  }

  /** Calls back for each event of this kind, until the returned function is called. */
  on<E extends WorkerEvent>(event: E, listener: (event: WorkerEvents[E]) => void): () => void {
    return this.#events.on(event, listener)
  }

  health(): WorkerHealth {
    const { isInTrouble, lastStepAt, session, load } = this.#posts
    const { clock, maxSilenceMs } = this.#settings
    const isCutOff = this.#state === 'running' && isInTrouble
    const state = this.#state === 'new' ? 'stopped' : isCutOff ? 'reconnecting' : this.#state
    const { name: store } = this.#store
    const { used, unsettled, abandoned } = load()
    return {
      state,
      ...lifeOf({ state, store, startedAt: this.#startedAt, lastStepAt, maxSilenceMs, now: clock.now() }),
      session,
      lastStepAt,
      slots: this.#settings.concurrency,
      running: used,
      unsettled,
      abandoned,
    }
  }

  /** Its threads and processes: one pool for each module and each way to run it. */
  pools(): PoolView[] {
    return this.#posts.pools()
  }

  /**
   * Resolves once the worker has joined and claims jobs. While the store cannot be reached it waits and says so.
   *
   * @throws LovageError `STORE_UNSUPPORTED`, `MODULE_FAILED`, `OPTION_INVALID` when the port of its probe is taken,
   * or `CLOSED` when it was stopped before
   */
  async start(): Promise<void> {
    if (!(await this.#begin())) throw new LovageError('CLOSED', { what: 'The worker' })
  }

  /**
   * Runs until it is stopped: by `stop`, or by SIGTERM or SIGINT, which let running jobs end. A second signal hands
   * them back at once.
   *
   * @throws LovageError `STORE_UNSUPPORTED`, `MODULE_FAILED`, `OPTION_INVALID` when the port of its probe is taken
   */
  async run(): Promise<void> {
    const release = this.#settings.signals ? this.#takeProcess() : undefined
    try {
      await this.#begin()
      await this.#finished
    } finally {
      release?.()
    }
  }

  /**
   * Stops in order: claims nothing more, lets running handlers end, and settles them. What still runs after `timeout`
   * is aborted with the reason `shutdown` and goes back to the line, with no attempt counted. A second call with a
   * timeout of 0 ends the wait of the first.
   */
  stop({ timeout }: { timeout?: Duration } = {}): Promise<void> {
    const timeoutMs = timeout === undefined ? this.#settings.drainTimeoutMs : durationMs(timeout, 'timeout')
    if (timeoutMs === 0) this.#hurry.abort()
    this.#stopped ??= this.#stop(timeoutMs)
    return this.#stopped
  }

  #begin(): Promise<boolean> {
    this.#started ??= this.#join()
    return this.#started
  }

  async #join(): Promise<boolean> {
    if (this.#state !== 'new') return false
    this.#state = 'starting'
    this.#startedAt = this.#settings.clock.now()
    try {
      this.#probe = await this.#openProbe()
      await this.#posts.places.start()
      if (!this.#is('starting')) return false
      await this.#posts.start()
    } catch (error) {
      if (!this.#is('starting')) return false
      await this.stop({ timeout: 0 })
      throw error
    }
    const { session } = this.#posts
    if (session === null || !this.#is('starting')) return false
    this.#state = 'running'
    const { tasks, concurrency } = this.#settings
    this.#events.emit('worker.joined', {
      session,
      store: this.#store.name,
      tasks: [...tasks.keys()],
      concurrency,
    })
    return true
  }

  async #stop(timeoutMs: number): Promise<void> {
    const posts = this.#posts
    const wasStarted = this.#state !== 'new'
    this.#state = 'draining'
    let returned = 0
    if (wasStarted) {
      this.#events.emit('worker.draining', { running: posts.load().used, timeoutMs })
      posts.drain()
      await this.#drainedWithin(timeoutMs)
      posts.shutDown()
      await this.#drainedWithin(HAND_BACK_MS)
      returned = await this.#leave()
    }
    if (this.#ownsStore) await this.#store.close().catch(() => {}) // nothing is left that could be lost
    this.#state = 'stopped'
    await this.#probe?.close()
    const { used, abandoned } = posts.load()
    this.#events.emit('worker.drained', { returned, running: used + abandoned })
    this.#finish()
  }

  async #openProbe(): Promise<Probe | undefined> {
    const { probe } = this.#settings
    if (probe === undefined) return undefined
    const { metrics } = probe
    metrics?.watchWorker(this)
    const opened = await openProbe(probe, () => this.health())
    this.#events.emit('worker.probed', {
      url: opened.url,
      paths: ['/live', '/ready', ...(metrics ? ['/metrics'] : [])],
    })
    return opened
  }

  #drainedWithin(ms: number): Promise<void> {
    return sleep(this.#settings.clock, ms, AbortSignal.any([this.#drained.signal, this.#hurry.signal]))
  }

  async #leave(): Promise<number> {
    const { places } = this.#posts
    this.#posts.close()
    const closed = new AbortController()
    void places.close().finally(() => closed.abort()) // kills at once what would otherwise run here and elsewhere
    const left = new AbortController()
    let returned = 0
    void this.#posts.leave((count) => (returned += count)).then(() => left.abort())
    await sleep(this.#settings.clock, LEAVE_MS, left.signal)
    // A teardown has the grace; a thread that hangs in a call of the system cannot be ended at all.
    await sleep(this.#settings.clock, this.#settings.graceMs + LEAVE_MS, closed.signal)
    return returned
  }

  #takeProcess(): () => void {
    return takeProcess({
      onStop: (_signal, isAgain) => void this.stop(isAgain ? { timeout: 0 } : {}),
      onUnhandledRejection: (error) =>
        this.#events.emit('worker.error', { error, during: 'a promise that nobody handles' }),
    })
  }

  /** Asked anew after a wait, which the compiler cannot see through. */
  #is(state: State): boolean {
    return this.#state === state
  }
}

type State = 'new' | 'starting' | 'running' | 'draining' | 'stopped'
