import type { AttemptRecord, Counts, Cursor, Snapshot } from '@lovage/core'
import { decodeOutcome } from '../outcome.ts'
import { decodeRecord } from '../record.ts'
import { defineScript, headed, lua } from '../script.ts'
import type { StreamRecord } from '../stream-record.ts'
import { fromText } from '../text.ts'
import { buried } from './dead.ts'
import { ANCHOR } from './hands.ts'
import { number } from './number.ts'
import { time } from './time.ts'

/**
 * A job as it is: its outcome, else its record and what follows from where its id is; with the place of all
 * that.
 */
export const get = defineScript({
  name: 'get',
  keys: ['jobs', 'later', 'retry', 'active', 'tries', 'progress', 'tail'],
  args: ['now', 'prefix', 'failedMaxAgeMs', 'id'],
  repeatable: true,
  body: lua`
    ${time}
    ${buried}
    local cursor = redis.call('GET', tail) or '0-0.0'
    local outcome = redis.call('GET', prefix .. 'r:' .. id)
    if outcome then return { 'ended', cursor, outcome } end
    local record = redis.call('HGET', jobs, id)
    if not record then
      outcome = buried(id)
      return { outcome and 'ended' or 'missing', cursor, outcome }
    end
    local attempt = tonumber(redis.call('HGET', tries, id) or 0)
    local past = attempt > 0 and redis.call('HGET', prefix .. 'history', id)
    local session, claimedAt = string.match(redis.call('HGET', active, id) or '', '^(.*)@(%d+)$')
    if claimedAt then
      return { 'running', cursor, record, attempt + 1, past, claimedAt, session, redis.call('HGET', progress, id) }
    end
    local due = redis.call('ZSCORE', later, id)
    if due then
      local state = redis.call('SISMEMBER', retry, id) == 1 and 'retrying' or 'scheduled'
      return { state, cursor, record, attempt, past, due }
    end
    local flow = redis.call('HGET', prefix .. 'flows', id)
    if flow then return { 'waiting', cursor, record, attempt, past, flow } end
    return { 'queued', cursor, record, attempt, past }
  `,
  decode: headed(
    ['ended', 'missing', 'running', 'queued', 'waiting', 'scheduled', 'retrying'],
    (state, rest) => {
      const [cursor, text, attempt, past, at, worker, report] = rest as LiveAnswer
      return (id: string): Snapshot | null => {
        if (state === 'missing') return null
        if (state === 'ended') return { cursor, ...decodeOutcome(id, text) }
        const living = {
          cursor,
          job: decodeRecord(id, text),
          attempt,
          ...(past && { history: JSON.parse(`[${past.replaceAll('\n', ',')}]`) as AttemptRecord[] }),
        }
        switch (state) {
          case 'queued':
            return { ...living, state }
          case 'waiting': {
            const { done, children } = JSON.parse(at) as { done: number; children: number }
            return { ...living, state, flow: { done, total: children } }
          }
          case 'scheduled':
          case 'retrying':
            return { ...living, state, runAt: Number(at) }
          case 'running': {
            const running = { ...living, state, startedAt: Number(at), worker }
            return report === null ? running : { ...running, progress: fromText(report) }
          }
          default:
            return state satisfies never
        }
      }
    },
  ),
})

type LiveAnswer = [
  cursor: Cursor,
  text: string,
  attempt: number,
  past: string | null,
  at: string,
  worker: string,
  report: string | null,
]

/**
 * `continues(id, seq)`: whether the feed goes on from a place. It does not where the server lost what came up to there: it
 * was emptied, put back, or a replica took over that had not heard of it all. Then the newest record that stands at the
 * place or before it has another number, or there are fewer records at all.
 */
const continues = lua`
  ${number}
  local function continues(id, seq)
    if tonumber(seq) > tonumber(string.match(redis.call('GET', tail) or '0-0.0', '%.(%d+)$')) then return false end
    local record = redis.call('XREVRANGE', outcomes, id, '-', 'COUNT', 1)[1]
    if not record then return true end -- all that was there is trimmed
    local number = numberOf(record[2])
    return not number or number == seq -- one of another program does not count
  end
`

/** Part of the feed, with its end as of the same moment: between two calls it could have moved. */
export const range = defineScript({
  name: 'range',
  keys: ['outcomes', 'tail'],
  args: ['after', 'seq', 'count'],
  repeatable: true,
  body: lua`
    ${continues}
    local records = redis.call('XRANGE', outcomes, '(' .. after, '+', 'COUNT', count)
    return { redis.call('GET', tail) or '0-0.0', records, continues(after, seq) and 1 or 0 }
  `,
  decode: (reply) => reply as [tail: Cursor, records: StreamRecord[], continues: 0 | 1],
})

/** Whether the feed goes on from a place: asked by readers to whom nothing comes. */
export const goesOn = defineScript({
  name: 'goesOn',
  keys: ['outcomes', 'tail'],
  args: ['after', 'seq'],
  repeatable: true,
  body: lua`
    ${continues}
    return continues(after, seq) and 'on' or 'anew'
  `,
  decode: headed(['on', 'anew'], (word) => word === 'on'),
})

/** Where the feed ends: behind the newest record, whoever wrote it. */
export const end = defineScript({
  name: 'end',
  keys: ['outcomes', 'tail'],
  args: [],
  repeatable: true,
  body: lua`
    local place = redis.call('GET', tail) or '0-0.0'
    local newest = redis.call('XREVRANGE', outcomes, '+', '-', 'COUNT', 1)[1]
    if not newest then return place end
    return newest[1] .. string.match(place, '%.%d+$')
  `,
  decode: (reply) => reply as Cursor,
})

export const counts = defineScript({
  name: 'counts',
  keys: ['jobs', 'later', 'retry', 'active', 'workers'],
  args: ['now', 'prefix'],
  repeatable: true,
  body: lua`
    ${time}
    local retrying = redis.call('SCARD', retry)
    local delayed = redis.call('ZCARD', later)
    local running = redis.call('HLEN', active) - redis.call('HEXISTS', active, '${ANCHOR}')
    local waiting = redis.call('HLEN', prefix .. 'flows')
    return {
      redis.call('HLEN', jobs) - delayed - running - waiting,
      waiting,
      delayed - retrying,
      retrying,
      running,
      redis.call('ZCOUNT', workers, '(' .. nowText, '+inf'),
    }
  `,
  decode(reply): Counts {
    const [queued, waiting, scheduled, retrying, running, workers] = reply as number[] as Six
    return { queued, waiting, scheduled, retrying, running, workers }
  },
})

type Six = [number, number, number, number, number, number]
