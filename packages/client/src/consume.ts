/** A durable consumer over the wire: one member of a group, through however many connections it takes. */
import type { AckOutcome, ConsumeOptions, DeliveredNotice } from '@lovage/core'
import { ackWaitMsOf, consumeFrom, type ConsumerSource } from '@lovage/core/consumer'
import { hopeAfter } from './errors.ts'
import { newId } from './ids.ts'
import type { Origin } from './origin.ts'

export function consume(
  at: Origin,
  name: string,
  { signal = new AbortController().signal, ...wanted }: ConsumeOptions = {},
): ReturnType<typeof consumeFrom> {
  const { clock, random } = at.wire
  const member = newId(clock.now())
  const input = { ...wanted, name, member }
  const source: ConsumerSource = {
    deliveries: (own) =>
      at.follow('consume', input, { signal: own, inOrder: false }) as AsyncGenerator<
        DeliveredNotice,
        void,
        undefined
      >,
    async ack(tokens) {
      const outcomes = await at.mutate<AckOutcome[]>('ack', { name, tokens })
      return outcomes.map(({ outcome }) => outcome === 'acked')
    },
    async release(seen) {
      await at.wire.sendLate('mutation', at.under('release'), { name, member, seen })
    },
    mayPass: (error) => hopeAfter(error) !== 'none',
  }
  return consumeFrom(source, { ackWaitMs: ackWaitMsOf(wanted), clock, random, signal })
}
