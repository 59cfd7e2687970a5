/** How procedures answer: once, or with notices for as long as the client listens. */
import type { Notice } from '@lovage/core'
import { tracked } from '@trpc/server'
import { type Connection, connectionOf } from './connection-context.ts'
import { toTRPCError } from './errors.ts'
import { expired, Expiry } from './expiry.ts'
import type { Revocation } from './revocation.ts'
import { noticeWithoutStack } from './without-stacks.ts'

export async function answer<Value>(act: () => Promise<Value>): Promise<Value> {
  try {
    return await act()
  } catch (error) {
    throw toTRPCError(error)
  }
}

/** How long a caller may listen. */
export interface Rights {
  /** Unix ms; `undefined`: for ever. */
  expiresAt: number | undefined
  revocation: Revocation | undefined
}

/** What a delivery asks of a source: when to stop, and whether its client is too slow for every notice. */
export interface Listening {
  signal: AbortSignal
  isSlow: () => boolean
}

/**
 * Yields everything through `tracked`, since a single event without an id would erase the client's cursor. Ends when
 * the client goes: by the signal, or by leaving a loop of its own.
 *
 * @throws LovageError `UNAUTHORIZED` when the caller's right to listen has ended
 */
export async function* deliver(
  ctx: object,
  signal: AbortSignal | undefined,
  { expiresAt, revocation }: Rights,
  open: (listening: Listening) => AsyncIterable<Notice>,
): AsyncGenerator<ReturnType<typeof tracked<Notice>>, void, undefined> {
  const connection = connectionOf(ctx)
  const outlet = connection?.outlet
  let leave = (): void => {}
  let isSlow = false
  const expiry = new Expiry(expiresAt)
  const own = new Own([signal, expiry.signal, closingOf(connection)])
  try {
    leave = connection?.takeSeat() ?? leave
    await revocation?.check()
    for await (const notice of open({ signal: own.signal, isSlow: () => isSlow })) {
      if (expiry.isOver) break
      if (revocation?.isDue === true) await revocation.check()
      yield tracked(notice.cursor, noticeWithoutStack(notice))
      isSlow = outlet?.isFull === true
      if (isSlow) await outlet?.room(own.signal)
    }
    if (expiry.isOver && signal?.aborted !== true) throw expired()
  } catch (error) {
    throw toTRPCError(error)
  } finally {
    own.forget()
    expiry.stop()
    leave()
  }
}

/** Clients on a websocket are asked to move, and overlap; a stream can only end, and begin anew elsewhere. */
const closingOf = (connection: Connection | undefined): AbortSignal | undefined =>
  connection?.outlet.isSocket === true ? undefined : connection?.closing

/** Aborted when one of several is. `AbortSignal.any` would leave a trace of each subscription on those that live long. */
class Own {
  readonly #controller = new AbortController()
  readonly #sources: readonly AbortSignal[]

  constructor(sources: readonly (AbortSignal | undefined)[]) {
    this.#sources = sources.filter((source) => source !== undefined)
    for (const source of this.#sources) {
      if (source.aborted) this.#controller.abort()
      source.addEventListener('abort', this.#abort)
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  forget(): void {
    for (const source of this.#sources) source.removeEventListener('abort', this.#abort)
  }

  #abort = (): void => this.#controller.abort()
}
