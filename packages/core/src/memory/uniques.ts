/** The names under which jobs were registered, so that later ones find them. */
import type { Unique } from '../unique.ts'

/** Fewer are not worth a sweep. */
const SWEEP_FROM = 1_000

interface Registered {
  id: string
  at: number
  /** Infinity for those that are forgotten when their job ends. */
  until: number
}

export class Uniques {
  readonly #byName = new Map<string, Registered>()
  readonly #namesOf = new Map<string, string[]>()
  #sweepAt = SWEEP_FROM

  find(rule: Unique, now: number): Registered | undefined {
    const registered = this.#byName.get(nameOf(rule))
    return registered !== undefined && now < registered.until ? registered : undefined
  }

  register(rules: readonly Unique[], id: string, now: number): void {
    for (const rule of rules) {
      const until = rule.type === 'once' ? now + rule.windowMs : Infinity
      this.#byName.set(nameOf(rule), { id, at: now, until })
    }
    const lasting = rules.filter(({ type }) => type !== 'once')
    if (lasting.length > 0) this.#namesOf.set(id, lasting.map(nameOf))
    if (this.#byName.size < this.#sweepAt) return
    for (const [name, { until }] of this.#byName) if (until <= now) this.#byName.delete(name)
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#byName.size)
  }

  /** Of a job that has ended; what was registered by another one since then stays. */
  forget(id: string): void {
    for (const name of this.#namesOf.get(id) ?? [])
      if (this.#byName.get(name)?.id === id) this.#byName.delete(name)
    this.#namesOf.delete(id)
  }
}

/** Rules of different types do not know each other's names. */
const nameOf = ({ type, name }: Unique): string => `${type} ${name}`
