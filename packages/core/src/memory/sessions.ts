/** The workers that are there: until when each may be believed, and what it has not been told yet. */
import type { Pulse, WorkerInfo } from '../inspect.ts'
import type { Wake } from '../store.ts'

interface Session {
  leaseUntil: number
  /** Its jobs that were cancelled since its last wait. */
  cancelled: Wake['cancelled']
  /** Which it claimed from last; absent: it has not stepped yet. */
  queues?: readonly string[]
  /** What the worker is, and how it does, as it said. */
  info?: WorkerInfo
  pulse?: { at: number; pulse: Pulse }
}

export class Sessions {
  readonly #sessions = new Map<string, Session>()

  has(session: string): boolean {
    return this.#sessions.has(session)
  }

  /** Starts the session, or renews its lease. */
  renew(session: string, leaseUntil: number): void {
    this.#sessions.set(session, { cancelled: [], ...this.#sessions.get(session), leaseUntil })
  }

  /** Keeps what a session that is there says of itself. Answers whether it is. */
  describe(session: string, said: Pick<Session, 'info' | 'pulse'>): boolean {
    const known = this.#sessions.get(session)
    if (known !== undefined) Object.assign(known, said)
    return known !== undefined
  }

  end(session: string): void {
    this.#sessions.delete(session)
  }

  /** Ends those whose lease ran out. A session that is late itself lives until somebody does this. */
  reap(now: number): string[] {
    const dead = [...this.#sessions]
      .filter(([, { leaseUntil }]) => leaseUntil <= now)
      .map(([session]) => session)
    for (const session of dead) this.#sessions.delete(session)
    return dead
  }

  serves(session: string, queues: readonly string[]): void {
    const known = this.#sessions.get(session)
    if (known !== undefined) known.queues = queues
  }

  /** Those whose jobs concern it; `undefined`: any may. */
  queues(session: string): readonly string[] | undefined {
    return this.#sessions.get(session)?.queues
  }

  tell(session: string, cancelled: Wake['cancelled'][number]): void {
    this.#sessions.get(session)?.cancelled.push(cancelled)
  }

  /** What was to be told, which is told once. */
  told(session: string): Wake['cancelled'] {
    return this.#sessions.get(session)?.cancelled.splice(0) ?? []
  }

  /** Those that have a lease that runs, by name. */
  living(now: number): [session: string, Readonly<Session>][] {
    return [...this.#sessions]
      .filter(([, { leaseUntil }]) => leaseUntil > now)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
  }

  /** How many have a lease that runs. */
  alive(now: number): number {
    return [...this.#sessions.values()].filter(({ leaseUntil }) => leaseUntil > now).length
  }
}
