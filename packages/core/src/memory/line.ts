/** One line of waiting jobs: those without a priority as they came, those with one by how urgent they are. */
import { PRIORITY_RUN } from '../store.ts'
import type { LiveJob } from './live-job.ts'

export interface Lane {
  task: string
  /** `''`: that of the task itself. */
  key: string
  areOrdered: boolean
}

export class Line {
  readonly queue: string
  readonly lane: Lane | null
  /** When it was served last, among all lines: the smallest one is next. */
  turn = 0
  #plain: LiveJob[] = []
  /** Where the line begins in `#plain`: taking one must not move a hundred thousand others. */
  #head = 0
  #urgent: LiveJob[] = []
  /** How many with a priority were taken since the last one without. */
  #run = 0

  constructor(queue: string, lane: Lane | null) {
    this.queue = queue
    this.lane = lane
  }

  get isEmpty(): boolean {
    return this.#urgent.length === 0 && this.#head === this.#plain.length
  }

  get size(): number {
    return this.#urgent.length + this.#plain.length - this.#head
  }

  /** The first one without a priority, and the first one with one. */
  heads(): LiveJob[] {
    return [this.#plain[this.#head], this.#urgent[0]].filter((job) => job !== undefined)
  }

  /** To its end, or to where its priority puts it. */
  join(job: LiveJob): void {
    if (job.record.options.priority === undefined) this.#plain.push(job)
    else this.#insert(job)
    job.place = { in: 'line', line: this }
  }

  /** To its head, the first one of these first; or to where their priorities put them. */
  joinFirst(jobs: readonly LiveJob[]): void {
    const plain = jobs.filter(({ record }) => record.options.priority === undefined)
    this.#plain = [...plain, ...this.#plain.slice(this.#head)]
    this.#head = 0
    for (const job of jobs) {
      if (job.record.options.priority !== undefined) this.#insert(job)
      job.place = { in: 'line', line: this }
    }
  }

  #insert(job: LiveJob): void {
    const before = this.#urgent.findLastIndex((other) => comesBefore(other, job))
    this.#urgent.splice(before + 1, 0, job)
  }

  /** Who would be taken. */
  next(): LiveJob | undefined {
    const plain = this.#plain[this.#head]
    const isUrgentsTurn = this.#run < PRIORITY_RUN || plain === undefined
    return isUrgentsTurn ? (this.#urgent[0] ?? plain) : plain
  }

  /** Serves `next()`. */
  take(job: LiveJob): void {
    this.#run = job.record.options.priority === undefined ? 0 : this.#run + 1
    this.remove(job)
  }

  /** Without serving it. */
  remove(job: LiveJob): void {
    if (this.#plain[this.#head] === job) this.#head += 1
    else if (this.#urgent[0] === job) this.#urgent.shift()
    else {
      this.#plain = this.#plain.slice(this.#head).filter((other) => other !== job)
      this.#head = 0
      this.#urgent = this.#urgent.filter((other) => other !== job)
    }
    if (this.#head > this.#plain.length / 2) {
      this.#plain = this.#plain.slice(this.#head)
      this.#head = 0
    }
    // Of a plain line it is kept: a store that finds those who left only later cannot tell when it was empty.
    if (this.isEmpty && this.lane !== null) this.#run = 0
  }
}

function comesBefore({ record: a }: LiveJob, { record: b }: LiveJob): boolean {
  const [x, y] = [a.options.priority ?? 0, b.options.priority ?? 0]
  return x > y || (x === y && a.id < b.id)
}
