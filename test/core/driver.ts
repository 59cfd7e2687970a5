/** Plays the worker by hand: claims, reports and settles through the seam, one call at a time. */
import { type Claimed, encode, type Store } from '@lovage/core'

export class Driver {
  readonly #store: Store
  readonly #session = 'driver'

  private constructor(store: Store) {
    this.#store = store
  }

  static async start(store: Store): Promise<Driver> {
    await store.join({ session: 'driver', leaseMs: 3_600_000 })
    return new Driver(store)
  }

  async claim(
    count = 1,
    announce: readonly string[] = [],
    queues: readonly string[] = ['default'],
  ): Promise<Claimed[]> {
    const { claimed } = await this.#step({ claim: count, announce: new Set(announce), queues })
    return claimed
  }

  /** Claims the oldest job that waits. */
  async next(): Promise<Claimed> {
    const [job] = await this.claim()
    if (job === undefined) throw new Error('no job waits')
    return job
  }

  async report(job: Claimed, data: unknown): Promise<void> {
    const { id, claimedAt, task, owner, attempt } = job
    await this.#store.progress(this.#session, [{ id, claimedAt, task, owner, attempt, data: encode(data) }])
  }

  /** Says a line of the log that has this number, or a text that comes after so many characters. */
  async say(job: Claimed, first: number, said: { line: string } | { text: string }): Promise<void> {
    const isLine = 'line' in said
    const data = encode(isLine ? [{ at: 1, level: 'info', message: said.line }] : said.text)
    const part = { first, count: isLine ? 1 : said.text.length, dropped: 0, data }
    await this.#store.say(this.#session, [
      { ...held(job), keepMs: 60_000, parts: [{ type: isLine ? 'log' : 'chunk', ...part }] },
    ])
  }

  async succeed(job: Claimed, result: unknown, ttlMs = 86_400_000): Promise<void> {
    await this.#step({ settle: [{ ...held(job), to: 'succeeded', result: encode(result), ttlMs }] })
  }

  async fail(job: Claimed, message: string): Promise<void> {
    const error = { name: 'Error', message, stack: 'Error: at the operators only' }
    await this.#step({ settle: [{ ...held(job), to: 'failed', error, ttlMs: 86_400_000 }] })
  }

  async retry(job: Claimed, message: string, delayMs: number): Promise<void> {
    await this.#step({
      settle: [{ ...held(job), to: 'retrying', error: { name: 'Error', message }, delayMs }],
    })
  }

  #step(request: Partial<Parameters<Store['step']>[0]>): ReturnType<Store['step']> {
    return this.#store.step({ session: this.#session, settle: [], claim: 0, queues: ['default'], ...request })
  }
}

function held({ id, claimedAt, task, owner, attempt }: Claimed) {
  return { id, claimedAt, task, owner, attempt }
}
