/**
 * How Lovage tells what happens: typed events, which logs, metrics, traces and tests listen to. Workers have a
 * vocabulary of their own; that of a queue is here.
 */
import type { ErrorCode } from './errors.ts'

/** What happens where jobs are enqueued and followed: in an API process, or any program that holds a queue. */
export interface QueueEvents {
  /** The store has them. `ids`: one, or those of a bulk. */
  'job.enqueued': { task: string; ids: readonly string[] }
  /** An enqueue came to nothing: the input was not valid, the store not there, … */
  'job.refused': { task: string; count: number; code: ErrorCode | 'unknown' }
  /** Somebody follows a job, or a feed of many. */
  'follow.started': Following
  'follow.ended': Following & { ms: number; notices: number }
  /** A mistake in a listener. */
  'queue.error': Mistake
}

export interface Following {
  of: 'job' | 'feed'
  /** Of `job`. */
  id?: string
}

interface Mistake {
  error: unknown
  during: string
}

type Listener<Event> = (event: Event) => void

/**
 * Tells events of one vocabulary to whoever listens. A listener that throws costs the others nothing: it is told as
 * the event `mistakes`.
 */
export class Events<Vocabulary extends object> {
  readonly #listeners = new Map<keyof Vocabulary, Set<Listener<never>>>()
  readonly #mistakes: keyof Vocabulary & string

  constructor(mistakes: keyof Vocabulary & string) {
    this.#mistakes = mistakes
  }

  /** The returned function ends it. */
  on<E extends keyof Vocabulary>(name: E, listener: Listener<Vocabulary[E]>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(name)
    }
  }

  /** Whether anybody would hear: for events that cost something to put together. */
  hears(name: keyof Vocabulary): boolean {
    return this.#listeners.has(name)
  }

  emit<E extends keyof Vocabulary>(name: E, event: Vocabulary[E]): void {
    const listeners = this.#listeners.get(name) as ReadonlySet<Listener<Vocabulary[E]>> | undefined
    if (listeners === undefined) return
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        // A listener for mistakes that makes one itself has nobody left to tell.
        if (name === this.#mistakes) continue
        const told: Mistake = { error, during: `a listener for ${String(name)}` }
        this.emit(this.#mistakes, told as Vocabulary[keyof Vocabulary & string])
      }
    }
  }
}
