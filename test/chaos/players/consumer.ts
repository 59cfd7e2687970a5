/** A member of a consumer group: works off what it is given, and acks nearly all of it at the first time. */
import { setTimeout as pause } from 'node:timers/promises'
import { parseCursor } from '@lovage/core'
import { doorOf, type Way } from './door.ts'
import { enter, ready, wrong } from './player.ts'

const player = enter()
const { casting, scribe, chance, leave } = player
const { way, owner, group } = casting.more as { way: Way; owner: string; group: string }
const door = doorOf(way, player, owner)
const TYPES = ['succeeded', 'failed', 'cancelled', 'retrying'] as const
const member = casting.who

scribe.write('consumes', { group, member, owner: way === 'beside' ? null : owner, types: TYPES })
ready()
while (!leave.aborted) {
  try {
    const options = {
      types: TYPES,
      from: 'start',
      ackWait: '3s',
      maxDeliveries: 1_000,
      window: 20,
      signal: leave,
    } as const
    for await (const notice of door.jobs.consume(group, options)) {
      const { seq } = parseCursor(notice.cursor)
      const { deliveries } = notice
      const own = { group, member, ...('jobId' in notice && { jobId: notice.jobId }), seq, deliveries }
      const gap = notice.type === 'gap' ? { missed: notice.missed } : {}
      scribe.write('delivered', { ...own, ...gap })
      if (notice.type === 'gap') {
        await notice.ack()
        continue
      }
      if (chance.is(0.05)) await pause(chance.below(200))
      if (chance.is(0.02)) continue // forgotten: it must come again
      scribe.write('acking', own)
      const { outcome } = await notice.ack()
      scribe.write('acked', { ...own, outcome })
    }
  } catch (error) {
    scribe.write('refused', { call: 'consume', id: '', ...wrong(error) })
    await pause(200)
  }
}
await door.close()
process.exit(0)
