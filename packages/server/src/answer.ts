/** How procedures answer: once, or with notices for as long as the client listens. */
import { type Batch, newestProgress, type Notice } from '@lovage/core'
import { tracked } from '@trpc/server'
import { anyOf } from './aborts.ts'
import { type Connection, connectionOf } from './connection-context.ts'
import { toTRPCError } from './errors.ts'
import { Frames, Lane, type TextOf } from './frames.ts'
import { expired, Expiry } from './expiry.ts'
import type { Revocation } from './revocation.ts'
import { type Shape, stream } from './streams.ts'
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
  /** Takes one of the caller's places, if they are counted. @throws LovageError `QUOTA_EXCEEDED` */
  subscribe: () => (() => void) | undefined
  /** Unix ms; `undefined`: for ever. */
  expiresAt: number | undefined
  revocation: Revocation | undefined
}

/** What a delivery asks of a source: when to stop, whether its client is too slow for every notice, and what it takes at once. */
export interface Listening {
  signal: AbortSignal
  isSlow: () => boolean
  take: (notices: readonly Notice[]) => number
}

interface Delivery {
  ctx: object
  signal: AbortSignal | undefined
  rights: Rights
  open: (listening: Listening) => AsyncIterable<Batch>
  shape: Shape
}

/** What a subscription answers with: what a source gives, for as long as the caller may listen. */
export const deliver = (
  ctx: object,
  signal: AbortSignal | undefined,
  rights: Rights,
  open: (listening: Listening) => AsyncIterable<Batch>,
): AsyncIterable<Event> => stream(ctx, (shape) => delivered({ ctx, signal, rights, open, shape }))

/**
 * Yields everything through `tracked`, since a single event without an id would erase the client's cursor. Ends when
 * the client goes: by the signal, or by leaving a loop of its own.
 *
 * @throws LovageError `UNAUTHORIZED` when the caller's right to listen has ended
 */
async function* delivered({
  ctx,
  signal,
  rights,
  open,
  shape,
}: Delivery): AsyncGenerator<Event, void, undefined> {
  const { subscribe, expiresAt, revocation } = rights
  const connection = connectionOf(ctx)
  const outlet = connection?.outlet
  const written = connection?.written
  const lane = new Lane()
  let leave = (): void => {}
  let unsubscribe: (() => void) | undefined
  let isSlow = false
  const expiry = expiresAt === undefined ? undefined : new Expiry(expiresAt)
  const own = anyOf([signal, expiry?.signal, closingOf(connection)])
  const isOver = (): boolean => expiry?.isOver === true || own.signal.aborted
  /** Whatever would have to be waited for goes the long way. */
  const take = (notices: readonly Notice[]): number => {
    if (written === undefined || lane.head === undefined || isSlow || isOver()) return 0
    if (revocation?.isDue === true) return 0
    let count = 0
    while (count < notices.length && outlet?.isFull !== true) {
      const texts = textsOf(count === 0 ? notices : notices.slice(count), written.textOf)
      if (!written.socket.sendFrames(lane.head, texts)) break
      count += texts.length
    }
    return count
  }
  try {
    leave = connection?.takeSeat() ?? leave
    unsubscribe = subscribe()
    await revocation?.check()
    for await (const batch of open({ signal: own.signal, isSlow: () => isSlow, take })) {
      let rest = batch
      let waited = false
      while (rest.length > 0 && !isOver()) {
        if (revocation?.isDue === true) await revocation.check()
        const [piece, count] = pieceOf(rest, lane, written?.textOf)
        yield piece
        rest = rest.slice(count)
        if (outlet?.isFull !== true || !(await outlet.room(own.signal))) continue
        waited = true
        rest = newestProgress(rest)
      }
      isSlow = waited // until a whole batch has gone out at once
      if (expiry?.isOver === true) break
    }
    if (expiry?.isOver === true && signal?.aborted !== true) throw expired()
  } catch (error) {
    throw await shape(toTRPCError(error))
  } finally {
    own.forget()
    expiry?.stop()
    leave()
    unsubscribe?.()
  }
}

/** What is sent at once, at most: then it is looked whether the client reads. */
const PIECE_MAX = 256
const PIECE_CHARS = 131_072

type Event = ReturnType<typeof tracked<Notice>>

/** The beginning of a batch as one event, and how many notices that are: where they are written here, many. */
function pieceOf(batch: Batch, lane: Lane, textOf: TextOf | undefined): [Event, count: number] {
  if (textOf === undefined) {
    const [notice] = batch as readonly [Notice]
    return [tracked(notice.cursor, noticeWithoutStack(notice)), 1]
  }
  const texts = textsOf(batch, textOf)
  const { cursor } = batch[texts.length - 1] as Notice
  return [tracked(cursor, new Frames(lane, texts) as unknown as Notice), texts.length]
}

function textsOf(batch: Batch, textOf: TextOf): string[] {
  const texts: string[] = []
  for (let chars = 0; texts.length < Math.min(batch.length, PIECE_MAX) && chars < PIECE_CHARS;) {
    const text = textOf(noticeWithoutStack(batch[texts.length] as Notice))
    texts.push(text)
    chars += text.length
  }
  return texts
}

/** Clients on a websocket are asked to move, and overlap; a stream can only end, and begin anew elsewhere. */
const closingOf = (connection: Connection | undefined): AbortSignal | undefined =>
  connection?.outlet.isSocket === true ? undefined : connection?.closing
