/**
 * Keeps leases alive from a thread of its own: a handler that computes for a minute blocks this loop, but is
 * no reason to take its jobs away.
 *
 * A thread takes its time to start, on a machine that starts many processes at once longer than a lease. So this loop
 * beats until the thread says that it does.
 *
 * Where the thread cannot run (an app bundled into one file does not bring it along), this loop beats, and
 * says so.
 */
import { Worker } from 'node:worker_threads'
import { type Clock, isLovageError } from '@lovage/core'
import type { Address } from './address.ts'
import { Beats, type Extend, type Seen } from './beats.ts'

export interface HeartData {
  address: Address
  namespace: string
  queue: string
  /** The hash tag of the keys. */
  tag: string
}

/** Sent by the thread. */
export type Said = { session: string } & (
  | { is: 'lost' }
  /**
   * The first beat, each that has seen something, and the first that another server has answered.
   *
   * `run`: of that server; `undefined` where it does not tell.
   */
  | { is: 'beating'; seen: Seen; run: string | undefined }
  /** Beats are not answered any more. */
  | { is: 'silent'; cause: string }
)

/**
 * Sent to the thread; a `leaseMs` of 0 ends the beats of a session. The thread ends when the last one is ended so, and not
 * when it is lost: the session that takes over needs it again.
 */
export type Beat = { session: string } & ({ leaseMs: number } | { queues: readonly string[] })

interface Life {
  leaseMs: number
  onLost: () => void
}

export interface HeartOptions {
  /** @param run Of the server that answered, as `Connection.serverRun`. */
  onSeen: (session: string, seen: Seen, run: string | undefined) => void
  /** @param cause Why Redis was not reached. */
  onSilence: (session: string, cause: string) => void
  data: HeartData
  extend: Extend
  /** Of the server that answers this loop. */
  serverRun: () => string | undefined
  clock: Clock
  /** Tests with a clock of their own keep the beats in this loop, where that clock is. */
  isThreaded: boolean
  onWarning: (message: string) => void
}

/** How long the thread may take to say goodbye to Redis. */
const END_MS = 2_000

export class Heart {
  readonly #options: HeartOptions
  readonly #lives = new Map<string, Life & { queues?: readonly string[] }>()
  readonly #beats: Beats
  #thread: Worker | undefined
  #isThreaded: boolean

  constructor(options: HeartOptions) {
    this.#options = options
    this.#isThreaded = options.isThreaded
    const { extend, serverRun, clock, onSeen, onSilence } = options
    this.#beats = new Beats({
      extend,
      clock,
      onLost: (session) => this.#lost(session),
      onBeat: (session, seen) => onSeen(session, seen, serverRun()),
      onSilence: (session, error) => onSilence(session, causeOf(error)),
    })
  }

  keepAlive(session: string, life: Life): () => Promise<void> {
    this.#lives.set(session, life)
    this.#start(session, life.leaseMs)
    return () => this.#stop(session)
  }

  /** A step was made for these queues. Beats look around in those of the first one, since a worker's do not change. */
  look(session: string, queues: readonly string[]): void {
    const life = this.#lives.get(session)
    if (life === undefined || life.queues !== undefined) return
    life.queues = queues
    this.#beats.look(session, queues)
    this.#thread?.postMessage({ session, queues } satisfies Beat)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#lives.keys()].map((session) => this.#stop(session)))
    await this.#end('')
  }

  #start(session: string, leaseMs: number): void {
    this.#beats.start(session, leaseMs)
    if (!this.#isThreaded) return
    try {
      this.#thread ??= this.#open()
      this.#thread.postMessage({ session, leaseMs } satisfies Beat)
    } catch (error) {
      this.#fallBack(error)
    }
  }

  async #stop(session: string): Promise<void> {
    if (!this.#lives.delete(session)) return
    this.#beats.stop(session)
    if (this.#lives.size === 0) return this.#end(session)
    this.#thread?.postMessage({ session, leaseMs: 0 } satisfies Beat)
  }

  async #end(last: string): Promise<void> {
    const thread = this.#thread
    if (thread === undefined) return
    this.#thread = undefined
    thread.postMessage({ session: last, leaseMs: 0 } satisfies Beat)
    thread.ref() // whoever waits for the end must not be left alone by a process that sees nothing more to do
    const late = setTimeout(() => void thread.terminate(), END_MS)
    await new Promise((resolve) => thread.once('exit', resolve))
    clearTimeout(late)
  }

  #open(): Worker {
    const { data } = this.#options
    const thread = new Worker(new URL('./heart-thread.js', import.meta.url), {
      workerData: data,
      name: 'lovage-heart',
    })
    thread.on('message', (said: Said) => {
      const { session, is } = said
      if (is === 'lost') return this.#lost(session)
      if (is === 'silent') return this.#options.onSilence(session, said.cause)
      this.#beats.stop(session)
      this.#options.onSeen(session, said.seen, said.run)
    })
    thread.on('error', (error) => {
      if (thread === this.#thread) this.#fallBack(error)
    })
    thread.unref() // behind the listeners, which hold the process
    return thread
  }

  #fallBack(error: unknown): void {
    if (!this.#isThreaded) return
    this.#isThreaded = false
    this.#thread = undefined
    const why = error instanceof Error ? error.message : String(error)
    this.#options.onWarning(
      `Leases are renewed from the main loop, since the thread for it did not run (${why}). ` +
        'A handler that blocks the loop for longer than the lease loses its jobs to another worker.',
    )
    for (const [session, { leaseMs, queues }] of this.#lives) {
      this.#beats.start(session, leaseMs)
      if (queues !== undefined) this.#beats.look(session, queues)
    }
  }

  #lost(session: string): void {
    const life = this.#lives.get(session)
    this.#lives.delete(session)
    this.#beats.stop(session)
    life?.onLost()
  }
}

export const causeOf = (error: unknown): string =>
  isLovageError(error, 'STORE_UNAVAILABLE') ? error.details.cause : String(error)
