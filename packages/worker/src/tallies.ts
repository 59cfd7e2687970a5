/**
 * How attempts ended here: of late, and since the worker started. Counting is one look into a Map and two increments,
 * with no clock in it: time is cut into slices by whoever reads, every few seconds.
 */
import { Histogram, type Pulse, type Tally } from '@lovage/core'

/** What reading sums up: throughput of longer ago is history, and of less time noise. */
const WINDOW_MS = 60_000
const SLICE_MS = 10_000

export type Ending = Exclude<keyof Tally, 'run'>

export class Tallies {
  readonly #total = new Map<string, Counter>()
  /** Oldest first; the last one is being filled. */
  readonly #slices: Slice[]

  constructor(now: number) {
    this.#slices = [new Slice(now)]
  }

  /** @param ms How long it ran; absent where its outcome was not this worker's to write. */
  count(task: string, ending: Ending, ms?: number): void {
    const { counters } = this.#slices[this.#slices.length - 1] as Slice
    let counter = counters.get(task)
    if (counter === undefined) counters.set(task, (counter = new Counter()))
    counter[ending] += 1
    if (ms !== undefined) counter.run.record(ms)
  }

  read(now: number): Pick<Pulse, 'windowMs' | 'tasks'> {
    this.#cut(now)
    const recent = new Map<string, Counter>()
    for (const { counters } of this.#slices) addAll(recent, counters)
    const total = new Map<string, Counter>()
    addAll(total, this.#total)
    addAll(total, (this.#slices.at(-1) as Slice).counters)
    const none = new Counter()
    return {
      windowMs: now - (this.#slices[0] as Slice).from,
      tasks: Object.fromEntries(
        [...total].map(([task, counter]) => [
          task,
          { recent: (recent.get(task) ?? none).toJSON(), total: counter.toJSON() },
        ]),
      ),
    }
  }

  /** Begins a new slice when the last one is full, and lets those go that are too old. */
  #cut(now: number): void {
    const last = this.#slices.at(-1) as Slice
    if (now - last.from >= SLICE_MS) {
      addAll(this.#total, last.counters)
      this.#slices.push(new Slice(now))
    }
    // A slice ends where the next one begins.
    while ((this.#slices[1]?.from ?? now) <= now - WINDOW_MS) this.#slices.shift()
  }
}

class Slice {
  readonly from: number
  readonly counters = new Map<string, Counter>()

  constructor(from: number) {
    this.from = from
  }
}

class Counter {
  succeeded = 0
  failed = 0
  retrying = 0
  cancelled = 0
  lost = 0
  readonly run = new Histogram()

  add(other: Counter): void {
    this.succeeded += other.succeeded
    this.failed += other.failed
    this.retrying += other.retrying
    this.cancelled += other.cancelled
    this.lost += other.lost
    this.run.add(other.run.toJSON())
  }

  toJSON(): Tally {
    const { succeeded, failed, retrying, cancelled, lost, run } = this
    return { succeeded, failed, retrying, cancelled, lost, run: run.toJSON() }
  }
}

function addAll(into: Map<string, Counter>, counters: ReadonlyMap<string, Counter>): void {
  for (const [task, counter] of counters) {
    const sum = into.get(task) ?? new Counter()
    into.set(task, sum)
    sum.add(counter)
  }
}
