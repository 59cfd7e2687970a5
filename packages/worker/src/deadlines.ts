/** One timer for all that is due some day, so that an attempt costs a comparison and no timer of its own. */
import type { Clock } from '@lovage/core'

export class Deadlines {
  readonly #clock: Clock
  readonly #act: (now: number) => number
  #timer: { at: number; cancel: () => void } | null = null

  /** @param act Does what is due at `now` and answers when the next thing is; infinite when nothing is. */
  constructor(clock: Clock, act: (now: number) => number) {
    this.#clock = clock
    this.#act = act
  }

  /** Something is due at this moment, in Unix ms. */
  watch(at: number): void {
    if (at === Number.POSITIVE_INFINITY || (this.#timer !== null && this.#timer.at <= at)) return
    this.#timer?.cancel()
    const cancel = this.#clock.after(Math.max(0, at - this.#clock.now()), () => {
      this.#timer = null
      this.watch(this.#act(this.#clock.now()))
    })
    this.#timer = { at, cancel }
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = null
  }
}
