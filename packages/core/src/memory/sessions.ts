/** The workers that are there: until when each may be believed, and what it has not been told yet. */
import type { Wake } from '../store.ts'

interface Session {
  leaseUntil: number
  /** Its jobs that were cancelled since its last wait. */
  cancelled: Wake['cancelled']
  /** Which it claimed from last; absent: it has not stepped yet. */
  queues?: readonly string[]
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

  /** How many have a lease that runs. */
  alive(now: number): number {
    return [...this.#sessions.values()].filter(({ leaseUntil }) => leaseUntil > now).length
  }
}
