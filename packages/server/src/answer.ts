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

/** For callers on the server itself, who have no connection that could end: they leave their loop. */
const NEVER = new AbortController().signal

/**
 * Yields everything through `tracked`, since a single event without an id would erase the client's cursor. Ends when
 * the client goes: by the signal, or by leaving a loop of its own.
 */
export async function* deliver(
  ctx: object,
  signal: AbortSignal | undefined,
  open: (signal: AbortSignal) => AsyncIterable<Notice>,
): AsyncGenerator<ReturnType<typeof tracked<Notice>>, void, undefined> {
  let leave = (): void => {}
  try {
    leave = takeSeat(ctx)
    for await (const notice of open(signal ?? NEVER)) yield tracked(notice.cursor, noticeWithoutStack(notice))
  } catch (error) {
    throw toTRPCError(error)
  } finally {
    leave()
  }
}
