/** One subscription of a socket: what its procedure answers with, event by event, until that ends or nobody listens any more. */
import { getTRPCErrorFromUnknown, TRPCError } from '@trpc/server'
import { isObservable, observableToAsyncIterable } from '@trpc/server/observable'

/** What a subscription says to its client. */
export interface Speaker {
  readonly isOpen: boolean
  /** One more event. */
  give(event: unknown): void
  started(): void
  stopped(): void
  /** Reports an error, and tells it. */
  fail(cause: unknown): void
  /** Tells the server alone. */
  report(cause: unknown): void
}

export class Subscription {
  readonly #speaker: Speaker
  readonly #controller = new AbortController()
  /** Ends the wait for the next event. */
  #wake: (() => void) | undefined

  constructor(speaker: Speaker) {
    this.#speaker = speaker
  }

  get isOver(): boolean {
    return this.#controller.signal.aborted || !this.#speaker.isOpen
  }

  stop(): void {
    // Aborted once more it would make another error with its stack.
    if (!this.#controller.signal.aborted) this.#controller.abort()
    this.#wake?.()
  }

  /**
   * @param open Calls the procedure; whatever it answers when nobody listens any more is let go
   * @param free Its number may be used again
   */
  async run(path: string, open: (signal: AbortSignal) => Promise<unknown>, free: () => void): Promise<void> {
    const speaker = this.#speaker
    let iterator: AsyncIterator<unknown> | undefined
    let hasStarted = false
    let isDone = false
    let failure: { cause: unknown } | undefined
    try {
      iterator = this.#iteratorOf(await open(this.#controller.signal), path)
      if (iterator !== undefined && !this.isOver) {
        speaker.started()
        hasStarted = true
        isDone = await this.#relay(iterator)
      }
    } catch (cause) {
      failure = { cause }
    }
    const gaveUp = !hasStarted && failure !== undefined && this.#isAbort(failure.cause)
    // What waits in there may wait for the signal.
    if (!isDone) this.stop()
    try {
      await close(iterator)
    } catch (cause) {
      speaker.report(cause)
    }
    free()
    if (failure !== undefined && !gaveUp) {
      speaker.fail(failure.cause)
      if (!hasStarted) return
    }
    speaker.stopped()
  }

  /** Whether the source has ended by itself. */
  async #relay(iterator: AsyncIterator<unknown>): Promise<boolean> {
    // Out here, or it would live until the next one comes.
    let next: IteratorResult<unknown> | undefined
    for (;;) {
      next = await this.#next(iterator)
      if (next === undefined) return false
      if (next.done === true) return true
      this.#speaker.give(next.value)
      next = undefined
    }
  }

  /** `undefined` once it was stopped: a source need not look at its signal. */
  #next(iterator: AsyncIterator<unknown>): Promise<IteratorResult<unknown> | undefined> {
    const { signal } = this.#controller
    if (signal.aborted) return Promise.resolve(undefined)
    return new Promise((resolve, reject) => {
      // Assigned where it is written, V8 would take it for a method, which it expects to stay: what it resolves would, too.
      const wake = (): void => resolve(undefined)
      this.#wake = wake
      iterator.next().then(resolve, (cause: unknown) => {
        if (!signal.aborted) reject(getTRPCErrorFromUnknown(cause))
        else if (!this.#isAbort(cause)) this.#speaker.report(cause)
      })
    })
  }

  /** `undefined` where it was stopped before there was anything. */
  #iteratorOf(result: unknown, path: string): AsyncIterator<unknown> | undefined {
    if (isIterable(result)) return result[Symbol.asyncIterator]()
    // An observable begins as soon as it is looked at.
    if (this.isOver) return undefined
    if (isObservable(result)) return observableToAsyncIterable(result, this.#controller.signal)
    throw new TRPCError({
      message: `Subscription ${path} did not return an observable or a AsyncGenerator`,
      code: 'INTERNAL_SERVER_ERROR',
    })
  }

  /** Whether somebody gave up because it was stopped. */
  #isAbort(cause: unknown): boolean {
    const error = getTRPCErrorFromUnknown(cause)
    const isFault = error.code === 'INTERNAL_SERVER_ERROR'
    return this.#controller.signal.aborted && isFault && error.cause?.name === 'AbortError'
  }
}

export const isIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value

type Closeable = AsyncIterator<unknown> & Partial<AsyncDisposable>

/** Both ways: Node's own generators have the second only since 24. */
async function close(iterator: Closeable | undefined): Promise<void> {
  if (iterator?.[Symbol.asyncDispose]) await iterator[Symbol.asyncDispose]?.()
  else await iterator?.return?.()
}
