/**
 * Whether to try a short way that is in vain where things are unusual. Where they always are it is tried once in sixteen
 * times; where they were once, the next time but one.
 */
const SKIPS_MAX = 15

export class ShortWay {
  #skips = 0
  #left = 0

  /** Asked once before each time. */
  isWorthIt(): boolean {
    if (this.#left === 0) return true
    this.#left--
    return false
  }

  /** It was tried. */
  led(isThrough: boolean): void {
    this.#skips = isThrough ? 0 : Math.min(2 * this.#skips + 1, SKIPS_MAX)
    this.#left = this.#skips
  }
}
