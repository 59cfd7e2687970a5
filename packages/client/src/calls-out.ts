/**
 * How calls travel. Over the websocket, where there is one, with what is followed: no handshake, no headers, and many
 * calls in one frame. By HTTP whatever is large, so that nothing has to wait behind it, and every call that the socket
 * did not get through, if it is safe to make it once more.
 */
import { LovageError } from '@lovage/core'
import type { TRPCDataTransformer } from '@trpc/server'
import type { HttpCalls } from './http-calls.ts'
import { isLarge } from './large.ts'
import type { SocketPool } from './socket-pool.ts'
import { NoAnswer } from './socket.ts'

export type Send = (type: 'query' | 'mutation', path: string, input: object) => Promise<unknown>

/** A job is enqueued once under an id of the caller's making, however often he asks; and looking changes nothing. */
const isSafeTwice = (type: string, path: string, { id, newId }: { id?: unknown; newId?: unknown }): boolean =>
  type === 'query' || newId !== undefined || (id !== undefined && /(^|\.)enqueue$/.test(path))

/** @throws LovageError */
export function callsOut(
  http: HttpCalls,
  pool: SocketPool,
  transformer: TRPCDataTransformer,
  url: string,
): Send {
  return async (type, path, input) => {
    const ready = transformer.serialize(input) as unknown
    const text = JSON.stringify(ready)
    if (!isLarge(text)) {
      try {
        return await pool.call(type, path, text)
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error
        if (error.why === 'late' || (error.why === 'lost' && !isSafeTwice(type, path, input)))
          throw new LovageError('DISCONNECTED', { url, cause: error.message }, { cause: error })
      }
    }
    return await http.send(type, path, ready)
  }
}
