/** How the connection that notices and calls travel by is doing, for a user interface that wants to say so. */

/**
 * `idle`: there is no connection, since nobody asks for anything. `reconnecting`: there was one, or none could be
 * opened; loops wait, and go on where they were, and calls go by HTTP.
 */
export type ConnectionState = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'closed'

export interface Connection {
  readonly state: ConnectionState
  /** Calls back after each change. The returned function ends that. */
  subscribe(listener: (state: ConnectionState) => void): () => void
}

/** Where several are open, the worst of them is what the user should know. */
const WORST_FIRST: readonly ConnectionState[] = ['closed', 'reconnecting', 'connecting', 'connected', 'idle']

export function worstOf(states: Iterable<ConnectionState>): ConnectionState {
  const all = new Set(states)
  return WORST_FIRST.find((state) => all.has(state)) ?? 'idle'
}

/** A connection whose owner sets the state. */
export class ConnectionDisplay implements Connection {
  #state: ConnectionState = 'idle'
  readonly #listeners = new Set<(state: ConnectionState) => void>()

  get state(): ConnectionState {
    return this.#state
  }

  show(state: ConnectionState): void {
    if (state === this.#state || this.#state === 'closed') return
    this.#state = state
    for (const listener of [...this.#listeners]) listener(state)
  }

  subscribe = (listener: (state: ConnectionState) => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
