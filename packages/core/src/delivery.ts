/**
 * What is between a consumer and whoever delivers to it: notices with tokens, and acks that name them. The same
 * beside Redis and in a browser, where only the `ConsumerSource` differs.
 *
 * A token names one delivery, `<member>:<id>:<deliveries>`: an ack that comes when the notice has gone on to another
 * member names a delivery that is no longer true, and changes nothing.
 */
import type { Delivery } from './consumer-store.ts'
import { LovageError } from './errors.ts'
import type { FeedNotice, JobNotice } from './notice.ts'

export type GapNotice = Extract<FeedNotice, { type: 'gap' }>

/** A notice on its way to a member; before the first one `ready` says that the group is there. */
export type DeliveredNotice =
  | ((JobNotice | GapNotice) & { readonly deliveries: number; readonly token: string })
  | Extract<FeedNotice, { type: 'ready' }>

export const tokenOf = ({ member, id, deliveries }: Delivery): string => `${member}:${id}:${deliveries}`

/** @throws LovageError `OPTION_INVALID` */
export function deliveryOf(token: string): Delivery {
  const match = /^([\w-]{1,64}):(gap|\d{1,16}-\d{1,16}):(\d{1,9})$/.exec(token)
  if (!match) {
    throw new LovageError('OPTION_INVALID', {
      option: 'token',
      seen: JSON.stringify(token.slice(0, 100)),
      expected: 'the token of a delivered notice',
    })
  }
  return { member: match[1] as string, id: match[2] as string, deliveries: Number(match[3]) }
}
