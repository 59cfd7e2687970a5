/**
 * Notices as they stand in a frame, written once for all who get them: the transformer and `JSON.stringify` are not asked
 * for each subscriber. What came together passes a subscription's loop in one piece, and becomes one message each, as
 * every tRPC client expects them, where it is sent. And what comes while a subscription has nothing else to send does
 * not pass it at all: it goes straight to the socket.
 */
import type { Notice } from '@lovage/core'
import type { AnyTRPCRouter } from '@trpc/server'
import { textOf } from './transformer.ts'

/** The frames of one subscription. What they begin with is known once the first of them is sent; what comes after may
 * be sent without it. */
export class Lane {
  head: string | undefined
}

/** What stands in the frame of each notice, behind the id of the subscription. */
export class Frames {
  readonly lane: Lane
  readonly texts: readonly string[]

  constructor(lane: Lane, texts: readonly string[]) {
    this.lane = lane
    this.texts = texts
  }
}

export type TextOf = (notice: Notice) => string

/** Writes a notice, and remembers it for as long as the notice lives. */
export function textsFor({ _def }: AnyTRPCRouter): TextOf {
  const { transformer } = _def._config
  const known = new WeakMap<Notice, string>()
  return (notice) => {
    let text = known.get(notice)
    if (text === undefined) {
      const { cursor: id } = notice
      const data = textOf(transformer, { id, data: notice })
      text = `"result":{"type":"data","id":${JSON.stringify(id)},"data":${data}}}`
      known.set(notice, text)
    }
    return text
  }
}
