/**
 * One connection to Redis that is opened when first needed, comes back by itself, and never lets a call hang.
 *
 * ioredis is told to send nothing twice and to queue nothing: what to repeat is decided here, call by call. A
 * call that Redis may have carried out although the answer is missing is sent again only if it is
 * `repeatable`.
 *
 * Every failure is a `LovageError`: `STORE_UNAVAILABLE` when the server cannot be reached, is not ready, or
 * lets us not in; `INTERNAL` when it calls the command itself wrong.
 */
import { backoffMs, LovageError } from '@lovage/core'
import { Command, Redis } from 'ioredis'
import type { Address } from './address.ts'
import { isFinal, isReply, isSoonOver, refused, unavailable } from './store-errors.ts'

/** How long a call may take in all, with every new try. */
const CALL_MS = 5_000
/** A server that came back at the last moment gets this long to answer all the same. */
const ANSWER_MIN_MS = 1_000
const RETRY_FIRST_MS = 50
const RETRY_MAX_MS = 2_000
const KEEP_ALIVE_MS = 10_000 // idle proxies cut after a minute or more; a dead peer should be known sooner
const QUIT_MS = 1_000

/**
 * Doubled each time, with jitter: all processes lose Redis at the same moment and should not return at the
 * same one.
 */
export const reconnectMs = (times: number, random: () => number = Math.random): number =>
  backoffMs({ type: 'exponential', firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS }, times, random)

export interface CommandOptions {
  repeatable: boolean
  /** How long the answer may take once the command is sent. Default: what is left of `CALL_MS`. */
  answerMs?: number
}

export class Connection {
  readonly #client: Redis
  readonly #name: string
  readonly #waiters = new Set<{ resolve: () => void; reject: (error: unknown) => void }>()
  #lastError: Error | undefined
  #isClosed = false

  /** @param role What this connection is for, as `CLIENT LIST` will show it. */
  constructor({ url, tls, name }: Address, role: string) {
    this.#name = name
    this.#client = new Redis(url, {
      ...(tls !== undefined && { tls }),
      connectionName: `lovage:${role}`,
      lazyConnect: true,
      protocol: 2, // scripts answer the same in both, and 2 needs one round trip less to connect
      noDelay: true,
      keepAlive: KEEP_ALIVE_MS,
      connectTimeout: CALL_MS,
      disconnectTimeout: 0, // we cut the socket ourselves; ioredis waits for one that has closed already
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0, // a lost connection rejects at once what was under way
      retryStrategy: (times) => reconnectMs(times),
      // After a failover the same name leads elsewhere.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
    })
    this.#client.on('ready', () => {
      this.#lastError = undefined
      for (const { resolve } of this.#waiters) resolve()
    })
    this.#client.on('error', (error: Error) => {
      this.#lastError = error
      if (isFinal(error)) for (const { reject } of this.#waiters) reject(error)
    })
  }

  async command(
    name: string,
    args: (string | number)[],
    { repeatable, answerMs }: CommandOptions,
  ): Promise<unknown> {
    const until = performance.now() + CALL_MS
    for (;;) {
      if (!this.#isReady) await this.#ready(until)
      try {
        return await this.#send(name, args, answerMs ?? Math.max(until - performance.now(), ANSWER_MIN_MS))
      } catch (error) {
        const isLate = this.#isClosed || performance.now() >= until
        if (isReply(error)) {
          if (isLate || !isSoonOver(error)) throw refused(this.#name, error)
        } else if (isLate || !repeatable) throw this.#unavailable(error)
        await new Promise((resolve) => setTimeout(resolve, RETRY_FIRST_MS))
      }
    }
  }

  /** Lets what is under way end, within `QUIT_MS`. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    const isReady = this.#isReady
    this.#isClosed = true
    if (isReady) {
      const late = setTimeout(() => this.#cut(), QUIT_MS)
      await this.#client.quit().catch(() => {})
      clearTimeout(late)
    }
    this.#end()
  }

  /** Ends at once, whatever is under way. */
  drop(): void {
    this.#isClosed = true
    this.#end()
  }

  #end(): void {
    this.#client.disconnect()
    this.#cut()
    for (const { reject } of this.#waiters) reject(this.#closed())
  }

  get #isReady(): boolean {
    return !this.#isClosed && this.#client.status === 'ready' && this.#client.stream.writable
  }

  #ready(until: number): Promise<void> {
    if (this.#isClosed) return Promise.reject(this.#closed())
    if (this.#client.status === 'wait' || this.#client.status === 'end')
      this.#client.connect().catch(() => {})
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
        act()
      }
      const fail = (error: unknown): void =>
        settle(() => reject(error instanceof LovageError ? error : this.#unavailable(error)))
      const waiter = { resolve: () => settle(resolve), reject: fail }
      const timer = setTimeout(() => fail(this.#lastError), until - performance.now())
      this.#waiters.add(waiter)
    })
  }

  async #send(name: string, args: (string | number)[], answerMs: number): Promise<unknown> {
    const timer = setTimeout(
      () => this.#cut(new Error(`no answer to ${name} within ${answerMs} ms`)),
      answerMs,
    )
    try {
      return await this.#client.sendCommand(new Command(name, args, { replyEncoding: 'utf8' }))
    } finally {
      clearTimeout(timer)
    }
  }

  /** What stands behind a silent answer is silent, too; the next call gets a new socket. */
  #cut(reason?: Error): void {
    if (reason !== undefined) this.#lastError = reason
    // Declared as always there, but it comes with the first attempt to connect.
    ;(this.#client.stream as Redis['stream'] | undefined)?.destroy()
  }

  #unavailable(error: unknown): LovageError {
    if (this.#isClosed) return this.#closed()
    return unavailable(this.#name, this.#lastError ?? error)
  }

  #closed(): LovageError {
    return new LovageError('CLOSED', { what: this.#name })
  }
}
