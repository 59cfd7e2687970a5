/** Enqueues what a user asks for, once: a double click is one job, and so is a repeat after an error. */
import type { Clock, EnqueueOptions, JobHandle } from '@lovage/core'
import superjson from 'superjson'
import type { FollowedJobs } from './followed-jobs.ts'
import { newId } from '../ids.ts'

export interface Enqueued<Handle = JobHandle> {
  /** The newest job's id, at once: it is made here. That of another job where that one stands for it. Gone again where the job could not be enqueued. */
  id: string | null
  /** Its handle, once the server has it. */
  job: Handle | null
  isPending: boolean
  error: Error | undefined
}

export const NONE: Enqueued = { id: null, job: null, isPending: false, error: undefined }

/** The longest time between the clicks of a double click that systems have by default. */
const DOUBLE_CLICK_MS = 500

type Enqueue = (input: unknown, options?: EnqueueOptions) => Promise<JobHandle>

/** One thing that a user wants, under the id of its job. */
interface Intent {
  kind: 'enqueue' | 'retry'
  /** The input and the options as text; `undefined` where they cannot be compared. */
  what: string | undefined
  input: unknown
  options: EnqueueOptions
  id: string
  at: number
  promise: Promise<JobHandle>
  failed: boolean
}

export class Enqueuer {
  state = NONE
  readonly #enqueue: Enqueue
  readonly #clock: Clock
  readonly #expect: (id: string, enqueued: Promise<unknown>) => void
  readonly #listeners = new Set<() => void>()
  #last: Intent | undefined

  constructor(enqueue: Enqueue, clock: Clock, jobs: FollowedJobs) {
    this.#enqueue = enqueue
    this.#clock = clock
    this.#expect = (id, enqueued) => void jobs.expect(id, enqueued)
  }

  get = (): Enqueued => this.state

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  enqueue: Enqueue = (input, options = {}) => this.#intend('enqueue', input, options)

  /** The last input again; `undefined` where there is none. */
  get retry(): (() => Promise<JobHandle>) | undefined {
    const last = this.#last
    return last && (() => this.#intend('retry', last.input, last.options))
  }

  reset = (): void => {
    this.#last = undefined
    this.#set(NONE)
  }

  #intend(kind: Intent['kind'], input: unknown, options: EnqueueOptions): Promise<JobHandle> {
    const what = asText(input, options)
    const at = this.#clock.now()
    const last = this.#last?.what === what && what !== undefined ? this.#last : undefined
    const isDouble = last?.kind === kind && at - last.at < DOUBLE_CLICK_MS && !last.failed
    if (last !== undefined && (isDouble || this.state.isPending)) return last.promise
    // After an error nobody knows whether the job arrived; with the same id that does not matter.
    const id = last?.failed ? last.id : (kind === 'enqueue' && options.id) || newId(at)
    const promise = this.#enqueue(input, { ...options, id })
    const intent: Intent = { kind, what, input, options, id, at, promise, failed: false }
    this.#last = intent
    this.#expect(id, promise)
    this.#set({ id, job: null, isPending: true, error: undefined })
    promise.then(
      (job) => this.#settle(intent, { id: job.id, job, isPending: false, error: undefined }),
      (error: Error) => {
        intent.failed = true
        this.#settle(intent, { ...NONE, error })
      },
    )
    return promise
  }

  #settle(intent: Intent, state: Enqueued): void {
    if (this.#last === intent) this.#set(state)
  }

  #set(state: Enqueued): void {
    this.state = state
    for (const listener of [...this.#listeners]) listener()
  }
}

function asText(input: unknown, options: EnqueueOptions): string | undefined {
  try {
    return superjson.stringify([input, options])
  } catch {
    return undefined // the client says what is wrong with it
  }
}
