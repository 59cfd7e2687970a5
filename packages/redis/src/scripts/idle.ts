/**
 * Lua: idle sessions, to which an enqueue hands its jobs.
 *
 * A worker that is woken has to ask for what it was woken for, which is a fourth of the way from the call to the result.
 * So a step that found nothing for a session that runs nothing leaves its name, and whoever enqueues a plain job into an
 * empty line claims in that name: the record comes with what wakes the worker.
 *
 * Until the worker has heard it, nobody else has the job, so what was handed to the dead waits for the end of their
 * lease. Hence it is handed only to a session that made a step a moment ago, the jobs of one call, and a job that was
 * never heard has not lost an attempt.
 */
import { numberIn } from '@lovage/core'
import { RECORD_VERSION } from '../record.ts'
import { lua } from '../script.ts'
import { ANCHOR, ANCHOR_TEXT } from './hands.ts'
import { time } from './time.ts'

/** As many new jobs of one call are handed together, where the session has a slot for each. */
export const HANDED_MAX = 16

/** A session whose last step is longer ago is woken, and asks. */
const RECENT_MS = 1_000

/**
 * A list, the latest one last: `<session>@<ms of its step>:<free slots>`. Workers that read other records have another one.
 */
export const idle = `prefix .. 'idle:${RECORD_VERSION}'`

/** What stands behind the session. */
export const sinceText = (ms: number, slots: number): string => `${ms}:${slots}`

/** Takes the session of a step off, which was put on as `idleSince` (`sinceText`). */
export const taken = lua`
  if idleSince ~= '' then redis.call('LREM', ${idle}, '-1', session .. '@' .. idleSince) end
`

/** Puts the session of a step on, with its `idleSlots`. Uses the time. */
export const put = lua`
  redis.call('RPUSH', ${idle}, session .. '@' .. nowText .. ':' .. idleSlots)
`

/**
 * @param worded Sets `message`, which tells of the jobs.
 * @param holds What of `active` says that `hold` has them.
 * @param fits One more condition, of `slots`.
 */
const hand = (worded: string, holds: string, fits = '') => lua`
  local name = redis.call('RPOP', ${idle})
  -- What may forbid that it starts now: others before it, pauses, limits, turns.
  if name and redis.call('EXISTS', wait, prefix .. 'prio:default', prefix .. 'lanes', prefix .. 'limits',
    prefix .. 'paused', prefix .. 'streaks') == 0 then
    ${time}
    local session, since, slots = string.match(name, '^(.*)@(%d+):(%d+)$')
    local lease = redis.call('ZSCORE', workers, session)
    if not lease then
      name = nil -- it is no more
    elseif tonumber(lease) > nowMs and nowMs - since < ${RECENT_MS}${fits} then
      local hold, message = session .. '@' .. nowText, nil
      ${worded}
      redis.call('HSET', active, '${ANCHOR}', '${ANCHOR_TEXT}', ${holds})
      redis.call('RPUSH', prefix .. 'hand:' .. session, message)
      return redis.call('GET', tail) or '0-0.0'
    end
  end
  if name then redis.call('RPUSH', ${idle}, name) end
`

/**
 * Hands a new job, which is in no line yet, to whoever was idle last, and returns the place in the feed; or does nothing.
 * Uses `id`, and takes the keys `active`, `wait`, `tail` and `workers`.
 */
export const handOne = (record: string) =>
  hand(
    lua`
      message = nowText .. '\n' .. id .. '\n' .. ${record}
    `,
    'id, hold',
  )

/** The same for those that come as items, an id and a record each, up to the argument `last`: all of them, or none. */
export const handAll = hand(
  lua`
    local held, parts = {}, { nowText }
    for at = items + 1, last, 2 do
      local id = ARGV[at]
      held[at - items], held[at - items + 1] = id, hold
      if at > items + 1 then parts[#parts + 1] = '' end
      parts[#parts + 1], parts[#parts + 2] = id, ARGV[at + 1]
    end
    message = table.concat(parts, '\n')
  `,
  'unpack(held)',
  ' and last - items <= 2 * slots',
)

/** `unheard(name, ids)` adds what was handed to a session that has not heard of it. */
export const unheard = lua`
  local function unheard(name, ids)
    for _, message in ipairs(redis.call('LRANGE', prefix .. 'hand:' .. name, '0', '-1')) do
      for id in string.gmatch('\n' .. string.match(message, '^%d+(.*)$'), '\n\n([^\n]*)\n') do ids[id] = true end
    end
  end
`

/** Nothing is handed to the session `name` any more, and nothing waits for it. */
export const left = lua`
  redis.call('DEL', prefix .. 'hand:' .. name)
  for _, one in ipairs(redis.call('LRANGE', ${idle}, '0', '-1')) do
    if string.match(one, '^(.*)@%d+:%d+$') == name then redis.call('LREM', ${idle}, '0', one) end
  end
`

/** Jobs that were handed to a session together. */
export interface Handed {
  ids: string[]
  records: string[]
  claimedAt: number
}

/** `<ms>`, and after a line feed each of them, `<id>` and `<record>` with one between: two in a row, which no record has, part jobs. */
export function handedIn(message: string): Handed {
  const first = message.indexOf('\n')
  const handed: Handed = { ids: [], records: [], claimedAt: numberIn(message, 0, first) }
  for (let at = first + 1; at > 0;) {
    const border = message.indexOf('\n', at)
    const end = message.indexOf('\n\n', border)
    handed.ids.push(message.slice(at, border))
    handed.records.push(message.slice(border + 1, end === -1 ? undefined : end))
    at = end === -1 ? 0 : end + 2
  }
  return handed
}
