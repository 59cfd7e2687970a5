/** One timer for all that is due some day, so that each of them costs a comparison and no timer of its own. */
import type { Clock } from './clock.ts'

export class Deadlines {
  readonly #clock: Clock
  readonly #act: (now: number) => number
  readonly #isIdle: boolean
  #timer: { at: number; cancel: () => void } | null = null

  /**
   * @param act Does what is due at `now` and answers when the next thing is; infinite when nothing is.
   * @param isIdle As `Clock.after` has it. Default false.
   */
  constructor(clock: Clock, act: (now: number) => number, isIdle = false) {
    this.#clock = clock
    this.#act = act
    this.#isIdle = isIdle
  }

  /** Something is due at this moment, in Unix ms. */
  watch(at: number): void {
    if (at === Number.POSITIVE_INFINITY || (this.#timer !== null && this.#timer.at <= at)) return
    this.#timer?.cancel()
    const due = (): void => {
      this.#timer = null
      this.watch(this.#act(this.#clock.now()))
    }
    const cancel = this.#clock.after(Math.max(0, at - this.#clock.now()), due, this.#isIdle)
    this.#timer = { at, cancel }
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = null
  }
}
