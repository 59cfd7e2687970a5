/** The schedules, and to whom those that are due were given lately. */
import { type StoredSchedule, type Tick } from '../schedule.ts'
import { STEP_MAX, TICK_LEASE_MS } from '../store.ts'

interface Kept {
  schedule: StoredSchedule
  /** Nobody else is asked to fire it before. */
  leasedUntil: number
}

export class Schedules {
  readonly #kept = new Map<string, Kept>()

  put(schedule: StoredSchedule): 'added' | 'changed' | 'same' {
    const before = this.#kept.get(schedule.name)
    if (before !== undefined && textOf(before.schedule) === textOf(schedule)) return 'same'
    this.#kept.set(schedule.name, { schedule, leasedUntil: 0 })
    return before === undefined ? 'added' : 'changed'
  }

  remove(name: string): boolean {
    return this.#kept.delete(name)
  }

  list(): StoredSchedule[] {
    return [...this.#kept.values()].map(({ schedule }) => schedule).toSorted(byName)
  }

  /** Those that are due and in nobody's hands, which are in the caller's from now on. */
  ticks(now: number): Tick[] {
    const due = [...this.#kept.values()].filter((kept) => dueAt(kept) <= now)
    const first = due.toSorted(
      (a, b) => a.schedule.nextAt - b.schedule.nextAt || byName(a.schedule, b.schedule),
    )
    return first.slice(0, STEP_MAX).map((kept) => {
      kept.leasedUntil = now + TICK_LEASE_MS
      return { schedule: kept.schedule, now }
    })
  }

  /** Whether the tick was still to be fired; sets the next one. */
  fired(name: string, at: number, nextAt: number | null): boolean {
    const kept = this.#kept.get(name)
    if (kept?.schedule.nextAt !== at) return false
    if (nextAt === null) this.#kept.delete(name)
    else this.#kept.set(name, { schedule: { ...kept.schedule, nextAt }, leasedUntil: 0 })
    return true
  }

  /** Infinity when there is none. */
  get nextAt(): number {
    return Math.min(...[...this.#kept.values()].map(dueAt))
  }
}

const dueAt = ({ schedule, leasedUntil }: Kept): number => Math.max(schedule.nextAt, leasedUntil)

const byName = (a: StoredSchedule, b: StoredSchedule): number => (a.name < b.name ? -1 : 1)

/** All but when it is next. */
function textOf({ job: { task, owner, input, options }, spec, source }: StoredSchedule): string {
  return JSON.stringify([task, owner, input.json, input.meta, options, spec, source])
}
