/** A loop over notices for as long as somebody listens, and what it has come to: an external store, as React says. */
import type { Clock, Cursor, Notice } from '@lovage/core'
import { inNextFrame } from './frames.ts'

export interface FollowingParts<State> {
  clock: Clock
  /** Where it begins, and from which place. */
  state: State
  cursor?: Cursor | undefined
  follow: (from: Cursor | undefined, signal: AbortSignal) => AsyncIterable<Notice>
  reduce: (state: State, notice: Notice) => State
  /** Called when nobody has listened for a while. */
  onLeft?: () => void
}

/** How long it outlives its last listener: StrictMode and a change of page leave and come back at once. */
const LINGER_MS = 1_000

export class Following<State extends { error: Error | undefined }> {
  state: State
  /** Up to where `state` is true. */
  cursor: Cursor | undefined
  readonly #parts: FollowingParts<State>
  readonly #listeners = new Set<() => void>()
  #loop: AbortController | undefined
  #stay: (() => void) | undefined

  constructor(parts: FollowingParts<State>) {
    this.#parts = parts
    this.state = parts.state
    this.cursor = parts.cursor
  }

  get = (): State => this.state

  /** What a server rendered, and a page first shows. */
  getInitial = (): State => this.#parts.state

  subscribe = (listener: () => void): (() => void) => {
    // Each subscription is one of its own, even where a listener has two.
    const own = (): void => listener()
    this.#stay?.()
    this.#listeners.add(own)
    void this.#run()
    return () => {
      if (this.#listeners.delete(own) && this.#listeners.size === 0) this.#linger()
    }
  }

  /** Follows again where it was ended by an error. */
  resume = (): void => {
    if (this.state.error === undefined) return
    this.#set({ ...this.state, error: undefined })
    this.#loop = undefined
    if (this.#listeners.size > 0) void this.#run()
  }

  #linger(): void {
    const { clock, onLeft } = this.#parts
    this.#stay = clock.after(LINGER_MS, () => {
      this.#stop()
      onLeft?.()
    })
  }

  #stop(): void {
    this.#loop?.abort()
    this.#loop = undefined
  }

  async #run(): Promise<void> {
    if (this.#loop !== undefined) return
    const { signal } = (this.#loop = new AbortController())
    try {
      for await (const notice of this.#parts.follow(this.cursor, signal)) {
        if (signal.aborted) return
        // Nobody hears it: it is left at the server, for whoever comes back.
        if (this.#listeners.size === 0) return this.#stop()
        this.cursor = notice.cursor
        this.#set(this.#parts.reduce({ ...this.state, error: undefined }, notice))
      }
    } catch (error) {
      if (!signal.aborted) this.#set({ ...this.state, error: error as Error })
    }
  }

  #set(state: State): void {
    this.state = state
    inNextFrame(this.#parts.clock, this.#tell)
  }

  #tell = (): void => {
    for (const listener of [...this.#listeners]) listener()
  }
}
