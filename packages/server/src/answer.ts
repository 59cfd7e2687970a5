/** How procedures answer: once, or with notices for as long as the client listens. */
import type { Notice } from '@lovage/core'
import { tracked } from '@trpc/server'
import { toTRPCError } from './errors.ts'
import { expired, Expiry } from './expiry.ts'
import { takeSeat } from './seats.ts'
import { noticeWithoutStack } from './without-stacks.ts'

export async function answer<Value>(act: () => Promise<Value>): Promise<Value> {
  try {
    return await act()
  } catch (error) {
    throw toTRPCError(error)
  }
}

/**
 * Yields everything through `tracked`, since a single event without an id would erase the client's cursor. Ends when
 * the client goes: by the signal, or by leaving a loop of its own.
 *
 * @param expiresAt When the caller's right to listen ends, in Unix ms.
 * @throws LovageError `UNAUTHORIZED` then
 */
export async function* deliver(
  ctx: object,
  signal: AbortSignal | undefined,
  expiresAt: number | undefined,
  open: (signal: AbortSignal) => AsyncIterable<Notice>,
): AsyncGenerator<ReturnType<typeof tracked<Notice>>, void, undefined> {
  let leave = (): void => {}
  const expiry = new Expiry(expiresAt)
  try {
    leave = takeSeat(ctx)
    const own = signal === undefined ? expiry.signal : AbortSignal.any([signal, expiry.signal])
    for await (const notice of open(own)) {
      if (expiry.isOver) break
      yield tracked(notice.cursor, noticeWithoutStack(notice))
    }
    if (expiry.isOver && signal?.aborted !== true) throw expired()
  } catch (error) {
    throw toTRPCError(error)
  } finally {
    expiry.stop()
    leave()
  }
}
