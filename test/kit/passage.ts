/** One direction of a line: bytes go from one socket to the other, at once or in trouble. */
import type { Socket } from 'node:net'

export interface Trouble {
  /** Nothing arrives, and nobody is told: a peer that has gone without a goodbye. */
  isSilent?: boolean
  /** Each piece arrives so much later. */
  delayMs?: number
  bytesPerSecond?: number
}

export class Passage {
  readonly #from: Socket
  readonly #to: Socket
  #trouble: Trouble
  #held: { chunk: Buffer; dueAt: number }[] = []
  #timer: NodeJS.Timeout | undefined
  #hasEnded = false

  constructor(from: Socket, to: Socket, trouble: Trouble) {
    this.#from = from
    this.#to = to
    this.#trouble = trouble
    from.on('data', (chunk: Buffer) => this.#pass(chunk))
    from.on('end', () => {
      this.#hasEnded = true
      this.#flush()
    })
    from.on('close', () => clearTimeout(this.#timer))
    to.on('drain', () => from.resume())
  }

  set trouble(trouble: Trouble) {
    this.#trouble = trouble
    for (const held of this.#held) held.dueAt = Math.min(held.dueAt, performance.now())
    this.#flush()
  }

  #pass(chunk: Buffer): void {
    const { delayMs = 0, bytesPerSecond = Infinity, isSilent = false } = this.#trouble
    if (!isSilent && delayMs === 0 && bytesPerSecond === Infinity && this.#held.length === 0)
      return this.#write(chunk)
    const last = Math.max(this.#held.at(-1)?.dueAt ?? 0, performance.now() + delayMs)
    this.#held.push({ chunk, dueAt: last + (1_000 * chunk.length) / bytesPerSecond })
    this.#flush()
  }

  /** Sends what is due, and comes back for the rest. */
  #flush(): void {
    clearTimeout(this.#timer)
    if (this.#trouble.isSilent) return
    for (let first = this.#held[0]; first !== undefined; first = this.#held[0]) {
      const waitMs = first.dueAt - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#flush(), waitMs)
        return
      }
      this.#held.shift()
      this.#write(first.chunk)
    }
    if (this.#hasEnded && this.#to.writable) this.#to.end()
  }

  #write(chunk: Buffer): void {
    if (this.#to.writable && !this.#to.write(chunk)) this.#from.pause()
  }
}
