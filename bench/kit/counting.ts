/** Counts what happens, and tells how long it took from one such event to another. */
import type { Span } from './roles.ts'

interface Mark {
  ms: number
  cpuMicros: number
}

function mark(): Mark {
  const { user, system } = process.cpuUsage()
  return { ms: performance.now(), cpuMicros: user + system }
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
    return {
      jobs: to - from,
      seconds: (last.ms - first.ms) / 1_000,
      cpuSeconds: (last.cpuMicros - first.cpuMicros) / 1e6,
    }
  }

  async reaches(count: number): Promise<void> {
    await this.#markAt(count)
  }

  #markAt(count: number): Promise<Mark> {
    if (count <= this.#count) return Promise.resolve(mark())
    return new Promise((resolve) => {
      const waiting = this.#at.get(count) ?? []
      waiting.push(() => resolve(mark()))
      this.#at.set(count, waiting)
    })
  }
}
