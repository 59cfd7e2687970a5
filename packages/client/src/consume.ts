/** A durable consumer over the wire: one member of a group, through however many connections it takes. */
import {
  ackWaitMsOf,
  type AckOutcome,
  consumeFrom,
  type ConsumeOptions,
  type ConsumerSource,
  type DeliveredNotice,
  newMember,
} from '@lovage/core'
import { hopeAfter } from './errors.ts'
import { under, type Wire } from './wire.ts'

export function consume(
  wire: Wire,
  path: string,
  name: string,
  { signal = new AbortController().signal, ...wanted }: ConsumeOptions = {},
): ReturnType<typeof consumeFrom> {
  const member = newMember()
  const input = { ...wanted, name, member }
  const source: ConsumerSource = {
    deliveries: (own) =>
      wire.follow({
        path: under(path, 'consume'),
        input,
        from: undefined,
        signal: own,
        untilEnd: false,
        inOrder: false,
      }) as AsyncGenerator<DeliveredNotice, void, undefined>,
    async ack(tokens) {
      const outcomes = await wire.mutate<AckOutcome[]>(under(path, 'ack'), { name, tokens })
      return outcomes.map(({ outcome }) => outcome === 'acked')
    },
    release: (seen) => wire.farewell(under(path, 'release'), { name, member, seen }),
    mayPass: (error) => hopeAfter(error) !== 'none',
  }
  const { clock, random } = wire
  return consumeFrom(source, { ackWaitMs: ackWaitMsOf(wanted), clock, random, signal })
}
