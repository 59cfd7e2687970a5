/** The names under which jobs were registered, so that later ones find them. */
import type { Unique } from '../unique.ts'
import { Swept } from './swept.ts'

interface Registered {
  id: string
  at: number
  /** Infinity for those that are forgotten when their job ends. */
  until: number
}

export class Uniques {
  readonly #byName = new Swept<Registered>(({ until }, now) => until <= now)
  readonly #namesOf = new Map<string, string[]>()

  find(rule: Unique, now: number): Registered | undefined {
    return this.#byName.get(nameOf(rule), now)
  }

  register(rules: readonly Unique[], id: string, now: number): void {
    for (const rule of rules) {
      const until = rule.type === 'once' ? now + rule.windowMs : Infinity
      this.#byName.set(nameOf(rule), { id, at: now, until }, now)
    }
    const lasting = rules.filter(({ type }) => type !== 'once')
    if (lasting.length > 0) this.#namesOf.set(id, lasting.map(nameOf))
  }

  /** Of a job that has ended; what was registered by another one since then stays. */
  forget(id: string, now: number): void {
    for (const name of this.#namesOf.get(id) ?? [])
      if (this.#byName.get(name, now)?.id === id) this.#byName.delete(name)
    this.#namesOf.delete(id)
  }
}

/** Rules of different types do not know each other's names. */
const nameOf = ({ type, name }: Unique): string => `${type} ${name}`
