import type { CancelReply, CancelRequest } from '@lovage/core'
import { CTL_MS } from '../keys.ts'
import { decodeOutcome, OUTCOME_VERSION } from '../outcome.ts'
import { unreadable } from '../record.ts'
import { defineScript, headed, lua } from '../script.ts'
import { feed, marked, optional } from './feed.ts'
import { tidy } from './hands.ts'
import { header } from './header.ts'

/**
 * Ends a live job. A running one is fenced from here on, and its session is told through its `ctl` list; the
 * id of a waiting one stays in line as a tombstone, since finding it there would cost a walk along the line.
 *
 * `who` and `message` are JSON that only the caller can write well: the outcome's `by` and `reason`, and what
 * the session is told.
 */
export const cancel = defineScript({
  name: 'cancel',
  keys: [
    'jobs',
    'tombs',
    'later',
    'retry',
    'active',
    'workers',
    'tries',
    'progress',
    'outcomes',
    'tail',
    'held',
  ],
  args: ['now', 'streamMaxLen', 'resultPrefix', 'ctlPrefix', 'id', 'by', 'reason', 'ttlMs', 'who', 'message'],
  repeatable: true,
  body: lua`
    ${feed}
    ${optional}
    ${header}
    ${tidy}
    local record = redis.call('HGET', jobs, id)
    if not record then
      local outcome = redis.call('GET', resultPrefix .. id)
      if outcome then return { 'ended', outcome } end
      return { 'missing' }
    end
    if not isKnown(record) then return { 'unsupported', record } end

    local task, owner = header(record)
    local attempt = tonumber(redis.call('HGET', tries, id) or 0)
    local session, claimedAt = string.match(redis.call('HGET', active, id) or '', '^(.*)@(%d+)$')
    redis.call('HDEL', jobs, id)
    redis.call('HDEL', tries, id)
    if session then
      attempt = attempt + 1
      redis.call('HDEL', active, id)
      tidy()
      redis.call('HDEL', progress, id)
      if redis.call('ZSCORE', workers, session) then
        redis.call('RPUSH', ctlPrefix .. session, message)
        redis.call('PEXPIRE', ctlPrefix .. session, ${CTL_MS})
      end
    elseif redis.call('ZREM', later, id) == 1 then
      redis.call('SREM', retry, id)
    else
      redis.call('SADD', tombs, id)
    end

    if ttlMs ~= '0' then
      local document = '{"status":"REVOKED"' .. who .. ',"task":' .. task
      if owner ~= 'null' then document = document .. ',"owner":' .. owner end
      if attempt ~= 1 then document = document .. ',"attempt":' .. attempt end
      if claimedAt then document = document .. ',"started":' .. claimedAt end
      document = document .. ',"v":${OUTCOME_VERSION},"date_done":"' .. stamp() .. '"}'
      redis.call('SET', resultPrefix .. id, document, 'PX', ttlMs)
    end
    local more = {}
    local function add(name, value)
      if value then
        more[#more + 1] = name
        more[#more + 1] = value
      end
    end
    add('owner', owner ~= 'null' and plain(owner))
    add('by', optional(by))
    add('reason', optional(reason))
    append(id, plain(task), 'REVOKED', 'attempt', attempt, unpack(more))
    seal()
    return { 'cancelled', place() }
  `,
  decode: headed(['cancelled', 'ended', 'missing', 'unsupported'], (word, [detail]) => {
    const text = detail as string
    return (id: string): CancelReply => {
      switch (word) {
        case 'cancelled':
          return { outcome: 'cancelled', cursor: text }
        case 'ended':
          return { outcome: 'ended', state: decodeOutcome(id, text).state }
        case 'missing':
          return { outcome: 'missing' }
        case 'unsupported':
          throw unreadable(id, text)
        default:
          return word satisfies never
      }
    }
  }),
})

export function cancelArgs({ id, by, reason, ttlMs }: CancelRequest) {
  const whom = by === null ? '' : `,"by":${JSON.stringify(by)}`
  const why = reason === null ? '' : `,"reason":${JSON.stringify(reason)}`
  return {
    id,
    by: marked(by),
    reason: marked(reason),
    ttlMs: Math.round(ttlMs),
    who: whom + why,
    message: JSON.stringify({ id, by, reason }),
  }
}
