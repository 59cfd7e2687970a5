/** All lines of waiting jobs, and whose turn it is: each queue has a plain line, and lanes beside it. */
import { type Gates, queueOf } from './gates.ts'
import { Line } from './line.ts'
import { isOrdered, type LiveJob } from './live-job.ts'

export class Lines {
  readonly #gates: Gates
  /** By queue. They stay, since when they were served last must be known when they fill again. */
  readonly #plain = new Map<string, Line>()
  /** Those in which somebody waits, by `[queue, task, key, isOrdered]`. */
  readonly #lanes = new Map<string, Line>()
  #turn = 0

  constructor(gates: Gates) {
    this.#gates = gates
  }

  /** To the end of its line. */
  join(job: LiveJob): void {
    this.#of(job).join(job)
  }

  /** To the head of their lines, those with smaller ids first: they have waited already. */
  handBack(jobs: readonly LiveJob[]): void {
    const sorted = jobs.toSorted((a, b) => (a.record.id < b.record.id ? -1 : 1))
    const byLine = new Map<Line, LiveJob[]>()
    for (const job of sorted) {
      const line = this.#backOf(job)
      byLine.set(line, [...(byLine.get(line) ?? []), job])
    }
    for (const [line, own] of byLine) line.joinFirst(own)
  }

  remove(job: LiveJob): void {
    if (job.place.in !== 'line') return
    const { line } = job.place
    line.remove(job)
    this.#forget(line)
  }

  /** Takes the next job of a queue that may start, if any. */
  take(queue: string, now: number): LiveJob | undefined {
    for (;;) {
      const open = this.#waiting([queue]).filter((line) => this.#gates.opensAt(line, now) <= now)
      const [line] = open.toSorted((a, b) => a.turn - b.turn)
      if (line === undefined) return undefined
      const hasLanes = this.#lanes.size > 0
      const job = line.lane === null ? this.#undiverted(line) : line.next()
      if (job === undefined) continue
      line.take(job)
      if (line.lane !== null || hasLanes) line.turn = ++this.#turn
      this.#forget(line)
      return job
    }
  }

  /** The next of a plain line; those of limited or paused tasks, before it, go on to lanes. */
  #undiverted(line: Line): LiveJob | undefined {
    for (let job = line.next(); job !== undefined; job = line.next()) {
      if (!this.#gates.divert(job.record.task)) return job
      line.remove(job)
      this.#lane(line.queue, job.record.task, '', false).join(job)
    }
    return undefined
  }

  /** Of the lines of these queues (absent: of all): whether one is open, and when the next one of the others opens by
   * time alone; Infinity: none does. */
  openings(queues: readonly string[] | undefined, now: number): { isOpen: boolean; opensAt: number } {
    const moments = this.#waiting(queues).map((line) => this.#gates.opensAt(line, now))
    const toCome = moments.filter((at) => at > now)
    return { isOpen: toCome.length < moments.length, opensAt: Math.min(...toCome) }
  }

  /** By queue: how many wait, and who would be next in its plain line and in lanes that are open. */
  depths(now: number): { queue: string; queued: number; heads: LiveJob[] }[] {
    const queues = [...new Set(this.#waiting(undefined).map(({ queue }) => queue))].toSorted()
    return queues.map((queue) => {
      const lines = this.#waiting([queue])
      const open = lines.filter((line) => line.lane === null || this.#gates.opensAt(line, now) <= now)
      return {
        queue,
        queued: lines.reduce((sum, { size }) => sum + size, 0),
        heads: open.flatMap((line) => line.heads()),
      }
    })
  }

  #waiting(queues: readonly string[] | undefined): Line[] {
    const plain = [...this.#plain.values()].filter((line) => !line.isEmpty)
    return [...plain, ...this.#lanes.values()].filter(({ queue }) => queues?.includes(queue) ?? true)
  }

  /** Where it goes back to: the lane of its task, if it would be sent there from the head of the plain line. */
  #backOf(job: LiveJob): Line {
    const { task, options } = job.record
    const isStray = options.lane === undefined && this.#gates.divert(task)
    return isStray ? this.#lane(queueOf(job.record), task, '', false) : this.#of(job)
  }

  /** Where the record says that it belongs. */
  #of({ record }: LiveJob): Line {
    const queue = queueOf(record)
    const { lane } = record.options
    if (lane !== undefined) return this.#lane(queue, record.task, lane, isOrdered(record))
    const line = this.#plain.get(queue) ?? new Line(queue, null)
    this.#plain.set(queue, line)
    return line
  }

  #lane(queue: string, task: string, key: string, areOrdered: boolean): Line {
    const name = JSON.stringify([queue, task, key, areOrdered])
    const there = this.#lanes.get(name)
    if (there !== undefined) return there
    const line = new Line(queue, { task, key, areOrdered })
    line.turn = ++this.#turn
    this.#lanes.set(name, line)
    return line
  }

  #forget(line: Line): void {
    if (line.lane === null || !line.isEmpty) return
    const { task, key, areOrdered } = line.lane
    this.#lanes.delete(JSON.stringify([line.queue, task, key, areOrdered]))
  }
}
