/**
 * One connection to Redis that is opened when first needed, comes back by itself, and never lets a call hang. In a
 * cluster it leads to the node that has the store's keys, and moves along with them.
 *
 * A call that Redis may have carried out although the answer is missing is sent again only if it is `repeatable`; one
 * that was refused because it came to the wrong node, or at the wrong moment, always.
 *
 * Every failure is a `LovageError`: `STORE_UNAVAILABLE` when the server cannot be reached, is not ready, or
 * lets us not in; `INTERNAL` when it calls the command itself wrong.
 */
import { performance } from 'node:perf_hooks' // the global one is an accessor, and each call asks twice
import { LovageError } from '@lovage/core'
import type { Redis } from 'ioredis'
import { type Args, Call, type CallOptions, type Form, ONCE, type Sender } from './call.ts'
import { dial, type Dialled, greetingMs, isOpen, reconnectMs, send, sendTogether } from './dial.ts'
import { movedTo, type Route } from './route.ts'
import { isFinal, isReply, isSoonOver, isUnknownScript, refused, unavailable } from './store-errors.ts'
import type { Node } from './url.ts'
import { EARLY_MS, Watchdog } from './watchdog.ts'

/** How long a call may take in all, with every new try. */
const CALL_MS = 5_000
/** A server that came back at the last moment gets this long to answer all the same. */
const ANSWER_MIN_MS = 1_000
const AGAIN_MS = 50
const QUIT_MS = 1_000
/** Nodes that are followed from one to the next without a pause; while a cluster changes, two may name each other. */
const HOPS_MAX = 3

/** Its name and arguments. */
export type Command = [name: string, args: Args]

const answerMsOf = ({ answerMs }: CallOptions, until: number, now = performance.now()): number =>
  answerMs ?? Math.max(until - now, ANSWER_MIN_MS)

const asItIs = (reply: unknown): unknown => reply

export class Connection {
  readonly #route: Route
  readonly #dialled: Dialled
  readonly #waiters = new Set<{ resolve: () => void; reject: (error: unknown) => void }>()
  readonly #watchdog = new Watchdog(({ name, ms }) =>
    this.#cut(new Error(`no answer to ${name} within ${Math.round(ms)} ms`)),
  )
  #lastError: Error | undefined
  #isClosed = false
  /** Whether it leads to where it should, so that calls may be sent. */
  #hasArrived = false
  /** A node has told of another one: that is no failure. */
  #isHopping = false
  /** How often it was closed since it last arrived. */
  #misses = 0
  #greeting: NodeJS.Timeout | undefined
  /** Of calls that are sent again. */
  readonly #again = this.#sender((call, error) => void this.#sendAgain(call, error))
  /** Of those that are not. */
  readonly #once = this.#sender((call, error) => call.fail(error))
  /** How often it was opened, and led to where it should. */
  arrivals = 0

  /** @param role What this connection is for, as `CLIENT LIST` will show it. */
  constructor(route: Route, role: string) {
    this.#route = route
    this.#dialled = dial(route, role, () => this.#lost())
    const { client } = this.#dialled
    client.on('connect', () => {
      const mute = new Error('it takes connections and does not answer')
      this.#greeting = setTimeout(() => this.#cut(mute), greetingMs(route))
    })
    client.on('ready', () => {
      if (route.isCluster) void this.#findPlace()
      else this.#arrived()
    })
    client.on('error', (error: Error) => {
      this.#lastError = error
      if (isFinal(error)) for (const { reject } of this.#waiters) reject(error)
    })
  }

  /** Another one after each start of a server; `undefined` where it does not tell. */
  get serverRun(): string | undefined {
    return this.#dialled.serverRun()
  }

  /** Whether the server is part of a cluster, as far as is known. */
  get isCluster(): boolean {
    return this.#route.isCluster
  }

  #sender(refused: Sender['refused']): Sender {
    return {
      answered: (call, reply) => {
        this.#watchdog.end(call)
        call.end(reply)
      },
      refused: (call, error) => {
        this.#watchdog.end(call)
        refused(call, error)
      },
    }
  }

  command(name: string, args: Args, options: CallOptions): Promise<unknown> {
    return this.#begin(new Call(this.#again, name, args, options, asItIs))
  }

  /** @param args By the script's digest or, where the server does not know it, by its text. */
  script<Reply>(
    args: (form: Form) => Args,
    options: CallOptions,
    decode: (reply: unknown) => Reply,
  ): Promise<Reply> {
    return this.#begin(new Call(this.#again, 'evalsha', args, options, decode))
  }

  #begin<Reply>(call: Call<Reply>): Promise<Reply> {
    const now = performance.now()
    call.deadline = now + CALL_MS
    this.#send(call as Call, now)
    return call.promise
  }

  #send(call: Call, now: number): void {
    if (!this.#isReady()) return void this.#sendLater(call)
    this.#watchdog.begin(call, answerMsOf(call.options, call.deadline, now), now)
    send(this.#dialled.client, call)
  }

  async #sendLater(call: Call): Promise<void> {
    try {
      await this.#ready(call.deadline)
    } catch (error) {
      return call.fail(error)
    }
    this.#send(call, performance.now())
  }

  async #sendAgain(call: Call, error: unknown): Promise<void> {
    try {
      // Redis was restarted, another node took over, or the scripts were flushed. EVAL runs it and keeps it for the next time.
      if (call.mayBeUnknown && isUnknownScript(error)) {
        call.form = 'source'
        call.deadline = performance.now() + CALL_MS
      } else await this.#beforeAgain(error, call.deadline, call.options)
    } catch (failed) {
      return call.fail(failed)
    }
    this.#send(call, performance.now())
  }

  /**
   * One behind the other on one socket and in one write, so that a later one concerns what the same server made of the
   * earlier ones.
   *
   * @param calls Are asked for when they are sent.
   * @param options.extraMs How much longer the answers may take, since a command waits. Default 0.
   */
  async together(
    calls: () => readonly Command[],
    { extraMs = 0, ...options }: CallOptions & { extraMs?: number },
  ): Promise<unknown[]> {
    const until = performance.now() + CALL_MS
    for (;;) {
      if (!this.#isReady()) await this.#ready(until)
      try {
        const sent = calls().map((command) => this.#onceOf(command, answerMsOf(options, until) + extraMs))
        sendTogether(this.#dialled.client, sent)
        const replies = await Promise.all(sent.map(({ promise }) => promise))
        const failed = replies.flat().find(isReply) // within a transaction
        if (failed !== undefined) throw failed
        return replies
      } catch (error) {
        await this.#beforeAgain(error, until, options)
      }
    }
  }

  /** Waits where a call may be sent again; else says why not. */
  async #beforeAgain(
    error: unknown,
    until: number,
    { repeatable, isPatient = true }: CallOptions,
  ): Promise<void> {
    const isLate = this.#isClosed || performance.now() >= until - EARLY_MS
    if (isReply(error)) {
      this.#heed(error)
      if (isLate || !isPatient || !isSoonOver(error)) throw refused(this.#route.address.name, error)
    } else if (isLate || !repeatable) throw this.#unavailable(error)
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
  }

  /** Lets what is under way end, within `QUIT_MS`. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    const isReady = this.#isReady()
    this.#isClosed = true
    if (isReady) {
      const late = setTimeout(() => this.#cut(), QUIT_MS)
      await this.#dialled.client.quit().catch(() => {})
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
    clearTimeout(this.#greeting)
    this.#watchdog.close()
    this.#dialled.client.disconnect()
    this.#cut()
    for (const { reject } of this.#waiters) reject(this.#closed())
  }

  #isReady(): boolean {
    return !this.#isClosed && this.#hasArrived && isOpen(this.#dialled.client)
  }

  #ready(until: number): Promise<void> {
    if (this.#isClosed) return Promise.reject(this.#closed())
    const { client } = this.#dialled
    if (client.status === 'wait' || client.status === 'end') client.connect().catch(() => {})
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

  /** Its answer is waited for from now on. */
  #onceOf([name, args]: Command, answerMs: number): Call {
    const call = new Call(this.#once, name, args, ONCE, asItIs)
    this.#watchdog.begin(call, answerMs)
    return call
  }

  /** Of a cluster: asks the node that was reached where the keys are, and goes there. */
  async #findPlace(): Promise<void> {
    const here = this.#dialled.node() as Node
    try {
      await this.#route.learn(here, (...args) => {
        const call = this.#onceOf(['cluster', args], greetingMs(this.#route))
        send(this.#dialled.client, call)
        return call.promise
      })
    } catch (error) {
      if (!isReply(error)) return // the connection is lost, and opened again
      this.#lastError = error
      for (const { reject } of this.#waiters) reject(error)
      return this.#cut()
    }
    if (this.#route.leadsTo(here)) this.#arrived()
    else if (this.#route.isFound) this.#hop()
    else this.#cut(new Error('no node of the cluster has the slot of these keys'))
  }

  #arrived(): void {
    clearTimeout(this.#greeting)
    this.#hasArrived = true
    this.arrivals += 1
    this.#misses = 0
    this.#lastError = undefined
    for (const { resolve } of this.#waiters) resolve()
  }

  /** The connection is closed. Answers in how many ms it is opened again. */
  #lost(): number {
    clearTimeout(this.#greeting)
    // What has worked is tried once more before others are asked.
    if (!this.#hasArrived && !this.#isHopping) this.#failed()
    const isHop = this.#isHopping
    this.#isHopping = false
    this.#hasArrived = false
    this.#misses += 1
    return isHop && this.#misses <= HOPS_MAX ? 0 : reconnectMs(this.#misses)
  }

  #failed(): void {
    const node = this.#dialled.node()
    if (node !== undefined) this.#route.failed(node)
  }

  /** Acts on a refusal that says that somebody else should have been asked. */
  #heed({ message }: Error): void {
    const here = this.#dialled.node()
    if (here === undefined || !this.#hasArrived) return
    const node = movedTo(message, here)
    if (node !== undefined) {
      this.#route.isCluster = true
      this.#route.moved(node)
      this.#hop()
    } else if (message.startsWith('CLUSTERDOWN')) {
      this.#hasArrived = false // perhaps it alone is cut off from the others
      this.#cut()
    }
  }

  /** Other answers that have come already are heard first. */
  #hop(): void {
    this.#hasArrived = false
    this.#isHopping = true
    setImmediate(() => this.#cut())
  }

  /** What stands behind a silent answer is silent, too; the next call gets a new socket. */
  #cut(reason?: Error): void {
    if (reason !== undefined) {
      this.#lastError = reason
      this.#failed()
    }
    // Declared as always there, but it comes with the first attempt to connect.
    ;(this.#dialled.client.stream as Redis['stream'] | undefined)?.destroy()
  }

  #unavailable(error: unknown): LovageError {
    if (this.#isClosed) return this.#closed()
    return unavailable(this.#route.address.name, this.#lastError ?? error)
  }

  #closed(): LovageError {
    return new LovageError('CLOSED', { what: this.#route.address.name })
  }
}
