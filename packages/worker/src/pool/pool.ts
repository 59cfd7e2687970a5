/**
 * The threads or processes that hold one handler module: they start as they are needed, each runs one job at a time,
 * and whichever is used up, killed or lost is replaced.
 *
 * A child that is due for recycling goes on until its successor is ready, so that no job waits for that.
 */
import {
  type AbortReason,
  type Clock,
  Deadlines,
  type Isolation,
  LovageError,
  type PoolView,
  type Tracing,
} from '@lovage/core'
import type { Events } from '../events.ts'
import type { HandlerModule } from '../handler-module.ts'
import type { Place, PlacedJob, PlaceHooks } from '../place.ts'
import type { AttemptResult } from '../settle.ts'
import { Child, type ChildHooks, type Due, type PooledJob } from './child.ts'

export interface PoolOptions {
  module: HandlerModule
  isolation: Exclude<Isolation, 'inline'>
  tasks: readonly string[]
  /** Unless the module says another. */
  size: number
  /** How long a child may take to tear down. */
  graceMs: number
  tracing: Pick<Tracing, 'module'> | undefined
  clock: Clock
  events: Events
}

interface Waiting {
  job: PooledJob
  signal: AbortSignal
  hooks: PlaceHooks
  resolve: (result: AttemptResult) => void
}

export class Pool implements Place {
  readonly #options: PoolOptions
  readonly #size: number
  readonly #children = new Set<Child>()
  /** The last one is used first, so that what a job needs is in its caches. */
  #idle: Child[] = []
  #waiting: Waiting[] = []
  readonly #ages: Deadlines
  readonly #starts = new Map<Child, { ready: () => void; failed: (error: Error) => void }>()
  #closing: { promise: Promise<void>; resolve: () => void } | null = null

  constructor(options: PoolOptions) {
    this.#options = options
    this.#size = options.module.limits.size ?? options.size
    this.#ages = new Deadlines(options.clock, (now) => this.#lookAtAges(now))
  }

  /**
   * Starts a first child, and so learns whether the module can be loaded at all.
   *
   * @throws LovageError `MODULE_FAILED`
   */
  start(): Promise<void> {
    return new Promise((ready, failed) => {
      const child = this.#spawn()
      this.#starts.set(child, { ready, failed })
    })
  }

  /** A child that dies is a result, too. */
  run({ input, maxResultBytes, context }: PlacedJob, hooks: PlaceHooks): Promise<AttemptResult> {
    const { signal } = context
    const job: PooledJob = { job: context.job, input, maxResultBytes }
    return new Promise((resolve) => {
      this.#waiting.push({ job, signal, hooks, resolve })
      signal.addEventListener('abort', () => this.#giveUp(job))
      this.#match()
    })
  }

  view(): PoolView {
    const { module, isolation } = this.#options
    return {
      module: module.url,
      isolation,
      size: this.#size,
      waiting: this.#waiting.length,
      children: [...this.#children].flatMap((child) => child.view() ?? []),
    }
  }

  /** Kills what is busy, and lets the rest tear down. */
  close(): Promise<void> {
    if (this.#closing !== null) return this.#closing.promise
    let resolve = (): void => {}
    const promise = new Promise<void>((done) => (resolve = done))
    this.#closing = { promise, resolve }
    this.#ages.close()
    for (const { resolve: end } of this.#waiting.splice(0)) end(notBegun('the worker stops'))
    this.#idle = []
    for (const child of this.#children) {
      if (child.state === 'idle') child.leave('stopped', this.#options.graceMs)
      else if (child.state !== 'ending') child.kill('stopped')
    }
    if (this.#children.size === 0) resolve()
    return promise
  }

  #spawn(predecessor: Child | null = null): Child {
    const { events } = this.#options
    const hooks: ChildHooks = {
      onReady: (child) => this.#onReady(child),
      onFree: (child) => this.#onFree(child),
      onGone: (child) => this.#onGone(child),
      onMistake: (error, during) => events.emit('worker.error', { error, during }),
    }
    const child = new Child(this.#options, hooks)
    this.#children.add(child)
    child.predecessor = predecessor
    return child
  }

  #onReady(child: Child): void {
    const { module, isolation, clock, events } = this.#options
    const { id, bornAt } = child
    events.emit('child.ready', { module: module.url, isolation, id, ms: clock.now() - bornAt })
    this.#starts.get(child)?.ready()
    this.#starts.delete(child)
    const { predecessor } = child
    child.predecessor = null
    if (predecessor !== null) this.#retire(predecessor)
    this.#ages.watch(bornAt + module.limits.maxAgeMs)
    this.#onFree(child)
  }

  #onFree(child: Child): void {
    if (child.memoryBytes > this.#options.module.limits.maxMemoryBytes) this.#fallDue(child, 'memory')
    if (this.#isRelieved(child)) return this.#leave(child)
    this.#idle.push(child)
    this.#match()
  }

  #match(): void {
    while (this.#waiting.length > 0) {
      const child = this.#takeIdle()
      if (child === undefined) break
      this.#assign(child, this.#waiting.shift() as Waiting)
    }
    const starting = this.#serving().filter(({ state }) => state === 'starting').length
    for (let missing = this.#waiting.length - starting; missing > 0; missing--) this.#grow()
  }

  #serving(): Child[] {
    return [...this.#children].filter(({ isServing }) => isServing)
  }

  #grow(): void {
    if (this.#closing === null && this.#serving().length < this.#size) this.#spawn()
  }

  /** One that is due only when there is no other. */
  #takeIdle(): Child | undefined {
    const at = this.#idle.findLastIndex(({ due }) => due === null)
    return at === -1 ? this.#idle.pop() : this.#idle.splice(at, 1)[0]
  }

  #assign(child: Child, { job, signal, hooks, resolve }: Waiting): void {
    const abort = (): void => child.abort(signal.reason as AbortReason)
    void child.run(job, hooks).then((result) => {
      signal.removeEventListener('abort', abort)
      resolve(result)
    })
    signal.addEventListener('abort', abort)
    if (child.jobs >= this.#options.module.limits.maxJobs) this.#fallDue(child, 'jobs')
  }

  /** Aborted before a child took it. */
  #giveUp(job: PooledJob): void {
    const at = this.#waiting.findIndex((waiting) => waiting.job === job)
    if (at === -1) return
    const [waiting] = this.#waiting.splice(at, 1)
    waiting?.resolve(notBegun('its signal was aborted'))
  }

  #fallDue(child: Child, due: Due): void {
    child.due ??= due
    if (child.successor === null && this.#closing === null) child.successor = this.#spawn(child)
  }

  #lookAtAges(now: number): number {
    const { maxAgeMs } = this.#options.module.limits
    let next = Number.POSITIVE_INFINITY
    for (const child of this.#children) {
      if (child.due !== null) continue
      if (child.bornAt + maxAgeMs > now) next = Math.min(next, child.bornAt + maxAgeMs)
      else if (child.isServing) this.#fallDue(child, 'age')
    }
    return next
  }

  #isRelieved({ successor }: Child): boolean {
    return successor !== null && successor.predecessor === null
  }

  /** Its successor is ready: it goes, once its job is over. */
  #retire(child: Child): void {
    const at = this.#idle.indexOf(child)
    if (at === -1) return
    this.#idle.splice(at, 1)
    this.#leave(child)
  }

  #leave(child: Child): void {
    child.leave('recycled', this.#options.graceMs)
  }

  #onGone(child: Child): void {
    const { module, isolation, events } = this.#options
    this.#children.delete(child)
    this.#idle = this.#idle.filter((other) => other !== child)
    const { as, detail } = child.end
    events.emit('child.ended', { module: module.url, isolation, id: child.id, jobs: child.jobs, as, detail })
    const start = this.#starts.get(child)
    this.#starts.delete(child)
    start?.failed(new LovageError('MODULE_FAILED', { module: module.url, why: detail }))
    if (this.#closing !== null) {
      if (this.#children.size === 0) this.#closing.resolve()
      return
    }
    if (!child.wasReady) return this.#didNotStart(child)
    this.#replace(child)
    this.#match()
  }

  #replace(child: Child): void {
    if (child.successor !== null) child.successor.predecessor = null
    else if (child.end.as !== 'recycled') this.#grow()
  }

  /** Not tried again before there is a job for it: a module that cannot be loaded must not be loaded in a circle. */
  #didNotStart(child: Child): void {
    if (child.predecessor?.successor === child) child.predecessor.successor = null
    if (this.#serving().length > 0) return // what waits is for them
    this.#waiting.shift()?.resolve({ type: 'threw', error: child.lost })
    this.#match()
  }
}

const notBegun = (why: string): AttemptResult => ({
  type: 'threw',
  error: { name: 'WORKER_LOST', message: `It did not begin: ${why}.` },
})
