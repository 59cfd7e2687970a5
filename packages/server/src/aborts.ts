/** One signal made of several. */

/** Aborted when one of the sources is, until it is told to forget them. */
export interface Aborts {
  readonly signal: AbortSignal
  forget(): void
}

/** Each signal costs a subscription a KiB for as long as it lives, so there is a new one only where there has to be. */
export function anyOf(all: readonly (AbortSignal | undefined)[]): Aborts {
  const sources = all.filter((source) => source !== undefined)
  const [only] = sources
  return only !== undefined && sources.length === 1 ? { signal: only, forget() {} } : new Joined(sources)
}

/** `AbortSignal.any` would leave a trace of each subscription on those that live long. */
class Joined implements Aborts {
  readonly #controller = new AbortController()
  readonly #sources: readonly AbortSignal[]

  constructor(sources: readonly AbortSignal[]) {
    this.#sources = sources
    for (const source of sources) {
      if (source.aborted) this.#controller.abort()
      source.addEventListener('abort', this.#abort)
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  forget(): void {
    for (const source of this.#sources) source.removeEventListener('abort', this.#abort)
  }

  #abort = (): void => this.#controller.abort()
}
