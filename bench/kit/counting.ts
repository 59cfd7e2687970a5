/** Counts what happens, and tells how long it took from one such event to another. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Budget, warmUp } from './budget.ts'
import type { Span } from './roles.ts'

interface Mark {
  count: number
  ms: number
  cpuMicros: number
}

export class Counter {
  #count = 0
  readonly #at = new Map<number, (() => void)[]>()

  get count(): number {
    return this.#count
  }

  /** One more. An arrow function, so that it can be handed on. */
  readonly hit = (): void => {
    this.#count += 1
    if (this.#at.size === 0) return
    const waiting = this.#at.get(this.#count)
    if (waiting === undefined) return
    this.#at.delete(this.#count)
    for (const call of waiting) call()
  }

  async span({ from, to }: { from: number; to: number }): Promise<Span> {
    const [first, last] = await Promise.all([this.#markAt(from), this.#markAt(to)])
    return { ...between(first, last), jobs: to - from }
  }

  /** From the end of the warm-up, which begins with the first one, until the budget is used up. */
  async run(budget: Budget): Promise<Span> {
    const first = await this.#through(warmUp(budget), await this.#markAt(1))
    const { jobs, least } = budget
    return between(
      first,
      await this.#through({ ...budget, least: Math.min(jobs, first.count + least) }, first),
    )
  }

  /** At the last one of a budget, whose time begins with a mark. */
  #through({ jobs, seconds, least }: Budget, since: Mark): Promise<Mark> {
    const leftMs = since.ms + seconds * 1_000 - performance.now()
    const atTime = pause(Math.max(0, leftMs), undefined, { ref: false }).then(() => this.#markAt(least))
    return Promise.race([this.#markAt(jobs), atTime])
  }

  async reaches(count: number): Promise<void> {
    await this.#markAt(count)
  }

  #markAt(count: number): Promise<Mark> {
    if (count <= this.#count) return Promise.resolve(this.#mark())
    return new Promise((resolve) => {
      const waiting = this.#at.get(count) ?? []
      waiting.push(() => resolve(this.#mark()))
      this.#at.set(count, waiting)
    })
  }

  #mark(): Mark {
    const { user, system } = process.cpuUsage()
    return { count: this.#count, ms: performance.now(), cpuMicros: user + system }
  }
}

const between = (first: Mark, last: Mark): Span => {
  return {
    jobs: last.count - first.count,
    seconds: (last.ms - first.ms) / 1_000,
    cpuSeconds: (last.cpuMicros - first.cpuMicros) / 1e6,
  }
}
