/** One member's place in this process: what wakes it while it waits. */
import { type Clock } from './clock.ts'
import type { StoredNotice } from './store.ts'
import { type Match, matches } from './subscriber.ts'

/** Records that nobody here wants, after which the group is moved past them all the same: they hold back the trimming. */
const PASS_MAX = 1_000

export class Seat {
  /** Deliveries that are not acked, as far as this process knows. */
  held = 0
  /** Ends the loop: its member has left. */
  readonly end: () => void
  readonly #match: Match
  readonly #window: number
  readonly #clock: Clock
  #passed = 0
  #isRung = false
  #isFull = false
  #wake: (() => void) | undefined

  constructor(match: Match, window: number, clock: Clock, end: () => void) {
    this.end = end
    this.#match = match
    this.#window = window
    this.#clock = clock
  }

  /** Forgets what rang before: call it just before pulling. */
  listen(): void {
    this.#isRung = false
    this.#passed = 0
  }

  hear(record: StoredNotice): void {
    this.#passed += 1
    if (matches(this.#match, record) || this.#passed >= PASS_MAX) this.ring()
  }

  ring(): void {
    this.#isRung = true
    if (!this.#isFull) this.#wake?.()
  }

  /** One that was full wakes when half of its window is free, so that it does not pull for every ack. */
  settled(count: number): void {
    this.held = Math.max(0, this.held - count)
    if (this.#isFull && this.held <= this.#window / 2) this.#wake?.()
  }

  /** Until there may be something new. */
  untilRung(ms: number, signal: AbortSignal): Promise<void> {
    return this.#isRung ? Promise.resolve() : this.#wait(ms, signal)
  }

  /** Until there is room. Acks that reach another process are not heard here, hence `ms`. */
  async untilRoom(ms: number, signal: AbortSignal): Promise<void> {
    if (this.held <= this.#window / 2) return
    this.#isFull = true
    await this.#wait(ms, signal)
    this.#isFull = false
  }

  #wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel()
        signal.removeEventListener('abort', done)
        this.#wake = undefined
        resolve()
      }
      const cancel = this.#clock.after(ms, done)
      this.#wake = done
      signal.addEventListener('abort', done)
      if (signal.aborted) done()
    })
  }
}
