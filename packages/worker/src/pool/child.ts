/** A child of a pool as the worker sees it: what it is at, the job that it runs, and how it ends. */
import {
  type AbortReason,
  type ChildView,
  type Clock,
  type Encoded,
  type Failure,
  type Isolation,
  type JobContext,
  LovageError,
  type Tracing,
} from '@lovage/core'
import { failureOf } from '../failure.ts'
import type { HandlerModule } from '../handler-module.ts'
import type { PlaceHooks } from '../place.ts'
import type { AttemptResult } from '../settle.ts'
import type { Carrier, CarrierHooks, Exit } from './carrier.ts'
import { lostFailure } from './lost.ts'
import type { Word } from './messages.ts'
import { openProcess } from './open-process.ts'
import { openThread } from './open-thread.ts'

/**
 * ```
 * starting ─▶ idle ◀─▶ busy
 *     └────────┴────────┴──▶ ending ─▶ gone
 * ```
 */
type ChildState = 'starting' | 'idle' | 'busy' | 'ending' | 'gone'

/** Why a child is to be replaced. */
export type Due = 'jobs' | 'memory' | 'age'

/** Why a child ended. */
export type ChildEnd = 'recycled' | 'killed' | 'lost' | 'stopped'

/** A job on its way to a child. */
export interface PooledJob {
  job: JobContext['job']
  input: Encoded
  maxResultBytes: number
}

interface Run {
  hooks: PlaceHooks
  resolve: (result: AttemptResult) => void
}

export interface ChildOptions {
  module: HandlerModule
  isolation: Isolation
  /** Those that its module must have handlers for. */
  tasks: readonly string[]
  tracing: Pick<Tracing, 'module'> | undefined
  clock: Clock
}

export interface ChildHooks {
  onReady: (child: Child) => void
  /** Its job is over, and it is idle. */
  onFree: (child: Child) => void
  onGone: (child: Child) => void
  onMistake: (error: Failure, during: string) => void
}

export class Child {
  readonly bornAt: number
  readonly #carrier: Carrier
  readonly #module: HandlerModule
  readonly #isolation: Isolation
  readonly #clock: Clock
  readonly #hooks: ChildHooks
  #state: ChildState = 'starting'
  #run: Run | null = null
  #cancelTimeout: () => void
  #outputBytes = 0
  /** What it was told to end for; a child that ends by itself is lost. */
  #endedAs: ChildEnd | null = null
  #why: string | null = null
  #exit: Exit = { code: null, signal: null }
  #unfit: Failure | null = null
  #wasReady = false
  /** Jobs given to it. */
  jobs = 0
  /** When it last looked; after each job where its module limits it. */
  memoryBytes = 0
  due: Due | null = null
  /** Started to take its place. */
  successor: Child | null = null
  /** It takes the place of this one, once it is ready. */
  predecessor: Child | null = null

  constructor({ module, isolation, tasks, tracing, clock }: ChildOptions, hooks: ChildHooks) {
    this.#module = module
    this.#isolation = isolation
    this.#clock = clock
    this.#hooks = hooks
    this.bornAt = clock.now()
    const { startTimeoutMs } = module.limits
    this.#carrier = opened(isolation, module, tasks, tracing?.module, {
      onWord: (word) => this.#onWord(word),
      onOutput: (bytes) => this.#onOutput(bytes),
      onExit: (exit) => this.#onExit(exit),
    })
    this.#cancelTimeout = clock.after(startTimeoutMs, () =>
      this.#end(`it was not ready after ${startTimeoutMs} ms`),
    )
  }

  /** Process id, or id of the thread. */
  get id(): number {
    return this.#carrier.id
  }

  get state(): ChildState {
    return this.#state
  }

  /** Runs jobs, or will. */
  get isServing(): boolean {
    return this.#state !== 'ending' && this.#state !== 'gone' && this.predecessor === null
  }

  get wasReady(): boolean {
    return this.#wasReady
  }

  /** `undefined`: it is gone. */
  view(): ChildView | undefined {
    const { id, jobs, memoryBytes, bornAt: startedAt } = this
    return this.#state === 'gone' ? undefined : { id, state: this.#state, jobs, memoryBytes, startedAt }
  }

  /** How it ended, for whoever watches. */
  get end(): { as: ChildEnd; detail: string } {
    if (this.#endedAs === 'recycled') return { as: 'recycled', detail: this.due ?? 'jobs' }
    if (this.#endedAs === 'stopped') return { as: 'stopped', detail: 'the worker stops' }
    return { as: this.#endedAs ?? 'lost', detail: this.#unfit?.message ?? this.lost.message }
  }

  /** What a job that it took down with it fails with. */
  get lost(): Failure {
    if (this.#unfit !== null) return unfit(this.#module.url, this.#unfit)
    const what = `${this.#isolation} ${this.id} that ${this.#wasReady ? 'ran' : 'was to run'} it`
    return lostFailure(what, this.#exit, this.#why, this.#carrier.lastWords())
  }

  /** Never rejects. An idle child only. */
  run(job: PooledJob, hooks: PlaceHooks): Promise<AttemptResult> {
    this.#state = 'busy'
    this.jobs += 1
    this.#outputBytes = 0
    return new Promise((resolve) => {
      this.#run = { hooks, resolve }
      const span = hooks.onBegun(() => this.kill('killed'))
      this.#carrier.send({ type: 'run', run: this.jobs, ...job, trace: span?.trace })
    })
  }

  abort(reason: AbortReason): void {
    if (this.#run !== null) this.#carrier.send({ type: 'abort', run: this.jobs, reason })
  }

  /** Lets it tear down what its module has set up, for so long. An idle child only. */
  leave(as: 'recycled' | 'stopped', graceMs: number): void {
    this.#endedAs = as
    this.#state = 'ending'
    this.#carrier.send({ type: 'leave' })
    this.#cancelTimeout = this.#clock.after(graceMs, () => this.#carrier.kill())
  }

  kill(as: 'killed' | 'stopped'): void {
    this.#endedAs ??= as
    this.#end(null)
  }

  #end(why: string | null): void {
    if (this.#state === 'gone') return
    this.#state = 'ending'
    this.#why ??= why
    this.#cancelTimeout()
    this.#carrier.kill()
  }

  #onWord(word: Word): void {
    switch (word.type) {
      case 'ready':
        if (this.#state !== 'starting') return
        this.#cancelTimeout()
        this.#state = 'idle'
        this.#wasReady = true
        return this.#hooks.onReady(this)
      case 'unfit':
        this.#unfit = word.error
        return this.#end(null)
      case 'heard':
        if (word.run === this.jobs) this.#run?.hooks.onHeard()
        return
      case 'report':
        if (word.run === this.jobs) this.#run?.hooks.onReport(word.report)
        return
      case 'said':
        if (word.run === this.jobs) this.#run?.hooks.onSaid(word.parts)
        return
      case 'ended':
        return this.#onEnded(word.result, word.memoryBytes)
      case 'mistake':
        return this.#hooks.onMistake(word.error, word.during)
    }
  }

  #onEnded(result: AttemptResult, memoryBytes: number | null): void {
    this.memoryBytes = memoryBytes ?? this.memoryBytes
    this.#run?.resolve(result)
    this.#run = null
    if (this.#state !== 'busy') return // it was killed a moment too late
    this.#state = 'idle'
    this.#hooks.onFree(this)
  }

  #onOutput(bytes: number): void {
    this.#outputBytes += bytes
    const { maxOutputBytes } = this.#module.limits
    if (this.#outputBytes > maxOutputBytes)
      this.#end(`it wrote more than ${maxOutputBytes} bytes to stdout and stderr`)
  }

  #onExit(exit: Exit): void {
    this.#exit = exit
    this.#state = 'gone'
    this.#cancelTimeout()
    this.#run?.resolve({ type: 'threw', error: this.lost })
    this.#run = null
    this.#hooks.onGone(this)
  }
}

const unfit = (module: string, { message, stack }: Failure): Failure => {
  const { code, message: sentence } = new LovageError('MODULE_FAILED', { module, why: message })
  return { name: code, message: sentence, ...(stack !== undefined && { stack }) }
}

/** A system that has no room for one more process or thread says so by throwing, or later; here it is always later. */
function opened(
  isolation: Isolation,
  module: HandlerModule,
  tasks: readonly string[],
  tracing: string | undefined,
  hooks: CarrierHooks,
): Carrier {
  const open = isolation === 'thread' ? openThread : openProcess
  try {
    const isWeighed = Number.isFinite(module.limits.maxMemoryBytes)
    return open({ module: module.url, tasks, isWeighed, tracing }, module.limits, hooks)
  } catch (thrown) {
    process.nextTick(() => hooks.onExit({ code: null, signal: null, error: failureOf(thrown) }))
    return { id: 0, lastWords: () => '', send: () => {}, kill: () => {} }
  }
}
