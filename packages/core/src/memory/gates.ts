/**
 * What keeps jobs from starting: limits and pauses. A gate is a queue, a task, or a task's key; whoever wants to start
 * passes all that concern him. Who has passed is counted anew each time that somebody asks: so no count can be wrong.
 */
import type { Limit, LimitRule, PauseTarget } from '../limits.ts'
import type { JobRecord } from '../store.ts'
import type { Line } from './line.ts'
import type { LiveJob } from './live-job.ts'
import { Starts } from './starts.ts'

export type Gate = { of: 'queue' | 'task'; name: string } | { of: 'key'; name: string; key: string }

/** Why a job occupies its gates. */
type Stay =
  | { as: 'runs' }
  /** It was cancelled, and its handler has not ended yet. */
  | { as: 'lingers'; session: string }
  /** It is an ordered one, and keeps the next one of its key waiting between its attempts. */
  | { as: 'retries' }

export const queueOf = ({ options }: JobRecord): string => options.queue ?? 'default'

export class Gates {
  /** By `[of, name]`. */
  readonly #rules = new Map<string, Limit>()
  /** By their own text. */
  readonly #pauses = new Map<string, PauseTarget>()
  readonly #stays = new Map<LiveJob, Stay>()
  readonly #starts = new Starts()

  limit(rules: readonly LimitRule[]): void {
    for (const { of, name, limit } of rules) {
      const rule = JSON.stringify([of, name])
      if (limit === null) this.#rules.delete(rule)
      else this.#rules.set(rule, limit)
    }
  }

  pause(target: PauseTarget): boolean {
    const text = textOf(target)
    if (this.#pauses.has(text)) return false
    this.#pauses.set(text, JSON.parse(text) as PauseTarget)
    return true
  }

  resume(target: PauseTarget): boolean {
    return this.#pauses.delete(textOf(target))
  }

  paused(): PauseTarget[] {
    return [...this.#pauses.keys()].toSorted().map((text) => JSON.parse(text) as PauseTarget)
  }

  /** Whether jobs of the task must wait in a lane, even those that have none of their own. */
  divert(task: string): boolean {
    return this.#rules.has(JSON.stringify(['task', task])) || this.#pauses.has(textOf({ task }))
  }

  enter(job: LiveJob, now: number): void {
    this.#stays.set(job, { as: 'runs' })
    for (const gate of gatesOf(job.record)) {
      const rate = this.#ruleOf(gate)?.rate
      if (rate !== undefined) this.#starts.put(gate, rate.perMs, now)
    }
  }

  linger(job: LiveJob, session: string): void {
    this.#stays.set(job, { as: 'lingers', session })
  }

  keep(job: LiveJob): void {
    this.#stays.set(job, { as: 'retries' })
  }

  leave(job: LiveJob): void {
    this.#stays.delete(job)
  }

  /** Lets go of those of a session that linger: of all of them, or of these. */
  release(session: string, ids?: readonly string[]): void {
    for (const [job, stay] of this.#stays)
      if (stay.as === 'lingers' && stay.session === session && (ids?.includes(job.record.id) ?? true))
        this.#stays.delete(job)
  }

  /** Those that linger with a session do so with another one. */
  move(from: string, session: string): void {
    for (const stay of this.#stays.values())
      if (stay.as === 'lingers' && stay.session === from) stay.session = session
  }

  /**
   * From when on time alone would let the next one of a line start: a moment that has come if nothing keeps it, Infinity
   * if it must wait for somebody to end, or to resume.
   */
  opensAt(line: Line, now: number): number {
    const gates: Gate[] = [{ of: 'queue', name: line.queue }]
    const { lane } = line
    if (lane !== null) gates.push({ of: 'task', name: lane.task })
    if (lane !== null && lane.key !== '') gates.push({ of: 'key', name: lane.task, key: lane.key })
    return Math.max(...gates.map((gate) => this.#gateOpensAt(gate, lane?.areOrdered ?? false, now)))
  }

  #gateOpensAt(gate: Gate, mustBeAlone: boolean, now: number): number {
    const { concurrency = Infinity, rate } = this.#ruleOf(gate) ?? {}
    const room = gate.of === 'key' && mustBeAlone ? Math.min(1, concurrency) : concurrency
    if (this.#isPaused(gate) || (room < Infinity && this.#countOf(gate) >= room)) return Infinity
    if (rate === undefined) return now
    const starts = this.#starts.within(gate, rate.perMs, now)
    const tooMany = starts.length - rate.limit
    return tooMany < 0 ? now : (starts[tooMany] ?? Infinity) + rate.perMs
  }

  #ruleOf({ of, name }: Gate): Limit | undefined {
    return this.#rules.get(JSON.stringify([of, name]))
  }

  #isPaused(gate: Gate): boolean {
    switch (gate.of) {
      case 'queue':
        return this.#pauses.has(textOf({ queue: gate.name }))
      case 'task':
        return this.#pauses.has(textOf({ task: gate.name }))
      case 'key':
        return this.#pauses.has(textOf({ task: gate.name, key: gate.key }))
    }
  }

  #countOf(gate: Gate): number {
    const name = JSON.stringify(gate)
    return [...this.#stays].filter(
      ([{ record }, { as }]) =>
        (as !== 'retries' || gate.of === 'key') &&
        gatesOf(record).some((own) => JSON.stringify(own) === name),
    ).length
  }
}

function gatesOf(record: JobRecord): Gate[] {
  const { task, options } = record
  const gates: Gate[] = [
    { of: 'queue', name: queueOf(record) },
    { of: 'task', name: task },
  ]
  if (options.lane !== undefined && options.lane !== '')
    gates.push({ of: 'key', name: task, key: options.lane })
  return gates
}

function textOf(target: PauseTarget): string {
  if ('queue' in target) return JSON.stringify({ queue: target.queue })
  return JSON.stringify('key' in target ? { task: target.task, key: target.key } : { task: target.task })
}
