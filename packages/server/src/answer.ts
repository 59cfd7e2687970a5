/** How procedures answer: once, or with notices for as long as the client listens. */
import type { Notice } from '@lovage/core'
import { tracked } from '@trpc/server'
import { toTRPCError } from './errors.ts'
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
 */
export async function* deliver(
  ctx: object,
  signal: AbortSignal | undefined,
  open: (signal: AbortSignal) => AsyncIterable<Notice>,
): AsyncGenerator<ReturnType<typeof tracked<Notice>>, void, undefined> {
  const left = new AbortController()
  let leave = (): void => {}
  try {
    leave = takeSeat(ctx)
    const notices = open(signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]))
    for await (const notice of notices) yield tracked(notice.cursor, noticeWithoutStack(notice))
  } catch (error) {
    throw toTRPCError(error)
  } finally {
    left.abort()
    leave()
  }
}
