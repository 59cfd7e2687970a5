import type { Counts, Cursor, Snapshot } from '@lovage/core'
import { decodeOutcome } from '../outcome.ts'
import { decodeRecord } from '../record.ts'
import { defineScript, headed, lua } from '../script.ts'
import type { StreamRecord } from '../stream-record.ts'
import { fromText } from '../text.ts'
import { ANCHOR } from './hands.ts'
import { time } from './time.ts'

/**
 * A job as it is: its outcome, else its record and what follows from where its id is; with the place of all
 * that.
 */
export const get = defineScript({
  name: 'get',
  keys: ['jobs', 'later', 'retry', 'active', 'tries', 'progress', 'tail'],
  args: ['resultPrefix', 'id'],
  repeatable: true,
  body: lua`
    local cursor = redis.call('GET', tail) or '0-0.0'
    local outcome = redis.call('GET', resultPrefix .. id)
    if outcome then return { 'ended', cursor, outcome } end
    local record = redis.call('HGET', jobs, id)
    if not record then return { 'missing', cursor } end
    local attempt = tonumber(redis.call('HGET', tries, id) or 0)
    local claimedAt = string.match(redis.call('HGET', active, id) or '', '@(%d+)$')
    if claimedAt then
      return { 'running', cursor, record, attempt + 1, claimedAt, redis.call('HGET', progress, id) }
    end
    local due = redis.call('ZSCORE', later, id)
    if not due then return { 'queued', cursor, record, attempt } end
    local state = redis.call('SISMEMBER', retry, id) == 1 and 'retrying' or 'scheduled'
    return { state, cursor, record, attempt, due }
  `,
  decode: headed(['ended', 'missing', 'running', 'queued', 'scheduled', 'retrying'], (state, rest) => {
    const [cursor, text, attempt, at, report] = rest as [Cursor, string, number, string, string | null]
    return (id: string): Snapshot | null => {
      switch (state) {
        case 'missing':
          return null
        case 'ended':
          return { cursor, ...decodeOutcome(id, text) }
        case 'queued':
          return { cursor, state, job: decodeRecord(id, text), attempt }
        case 'scheduled':
        case 'retrying':
          return { cursor, state, job: decodeRecord(id, text), attempt, runAt: Number(at) }
        case 'running': {
          const running = { cursor, state, job: decodeRecord(id, text), attempt, startedAt: Number(at) }
          return report === null ? running : { ...running, progress: fromText(report) }
        }
        default:
          return state satisfies never
      }
    }
  }),
})

/** Part of the feed, with its end as of the same moment: between two calls it could have moved. */
export const range = defineScript({
  name: 'range',
  keys: ['outcomes', 'tail'],
  args: ['after', 'count'],
  repeatable: true,
  body: lua`
    local records = redis.call('XRANGE', outcomes, '(' .. after, '+', 'COUNT', count)
    return { redis.call('GET', tail) or '0-0.0', records }
  `,
  decode: (reply) => reply as [tail: Cursor, records: StreamRecord[]],
})

export const counts = defineScript({
  name: 'counts',
  keys: ['wait', 'tombs', 'later', 'retry', 'active', 'workers'],
  args: ['now'],
  repeatable: true,
  body: lua`
    ${time}
    local retrying = redis.call('SCARD', retry)
    return {
      redis.call('LLEN', wait) - redis.call('SCARD', tombs),
      redis.call('ZCARD', later) - retrying,
      retrying,
      redis.call('HLEN', active) - redis.call('HEXISTS', active, '${ANCHOR}'),
      redis.call('ZCOUNT', workers, '(' .. nowText, '+inf'),
    }
  `,
  decode(reply): Counts {
    const [queued, scheduled, retrying, running, workers] = reply as [number, number, number, number, number]
    return { queued, scheduled, retrying, running, workers }
  },
})
