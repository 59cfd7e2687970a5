/**
 * Lua: idle sessions, to which an enqueue hands its job.
 *
 * A worker that is woken has to ask for what it was woken for, which is a fourth of the way from the call to the result.
 * So a step that found nothing for a session that runs nothing leaves its name, and whoever enqueues a plain job into an
 * empty line claims in that name: the record comes with what wakes the worker.
 *
 * Until the worker has heard it, nobody else has the job, so what was handed to the dead waits for the end of their
 * lease. Hence it is handed only to a session that made a step a moment ago, one job each, and a job that was never
 * heard has not lost an attempt.
 */
import { RECORD_VERSION } from '../record.ts'
import { lua } from '../script.ts'
import { ANCHOR, ANCHOR_TEXT } from './hands.ts'
import { time } from './time.ts'

/** A session whose last step is longer ago is woken, and asks. */
const RECENT_MS = 1_000

/** A list, the latest one last: `<session>@<ms of its step>`. Workers that read other records have another one. */
export const idle = `prefix .. 'idle:${RECORD_VERSION}'`

/** Takes the session of a step off, which was put on at `idleSince`. */
export const taken = lua`
  if idleSince ~= '' then redis.call('LREM', ${idle}, '-1', session .. '@' .. idleSince) end
`

/** Puts the session of a step on. Uses the time. */
export const put = lua`
  redis.call('RPUSH', ${idle}, session .. '@' .. nowText)
`

/**
 * Hands a new job, which is in no line yet, to whoever was idle last, and returns the place in the feed; or does nothing.
 * Uses `id`, and takes the keys `active`, `wait`, `tail` and `workers`.
 */
export const hand = (record: string) => lua`
  local name = redis.call('RPOP', ${idle})
  -- What may forbid that it starts now: others before it, pauses, limits, turns.
  if name and redis.call('EXISTS', wait, prefix .. 'prio:default', prefix .. 'lanes', prefix .. 'limits',
    prefix .. 'paused', prefix .. 'streaks') == 0 then
    ${time}
    local session, since = string.match(name, '^(.*)@(%d+)$')
    local lease = redis.call('ZSCORE', workers, session)
    if not lease then
      name = nil -- it is no more
    elseif tonumber(lease) > nowMs and nowMs - since < ${RECENT_MS} then
      redis.call('HSET', active, '${ANCHOR}', '${ANCHOR_TEXT}', id, session .. '@' .. nowText)
      redis.call('RPUSH', prefix .. 'hand:' .. session, nowText .. '\n' .. id .. '\n' .. ${record})
      return redis.call('GET', tail) or '0-0.0'
    end
  end
  if name then redis.call('RPUSH', ${idle}, name) end
`

/** `unheard(name, ids)` adds what was handed to a session that has not heard of it. */
export const unheard = lua`
  local function unheard(name, ids)
    for _, message in ipairs(redis.call('LRANGE', prefix .. 'hand:' .. name, '0', '-1')) do
      ids[string.match(message, '^%d+\n([^\n]*)\n')] = true
    end
  end
`

/** Nothing is handed to the session `name` any more, and nothing waits for it. */
export const left = lua`
  redis.call('DEL', prefix .. 'hand:' .. name)
  for _, one in ipairs(redis.call('LRANGE', ${idle}, '0', '-1')) do
    if string.match(one, '^(.*)@%d+$') == name then redis.call('LREM', ${idle}, '0', one) end
  end
`

/** A job that was handed to a session. */
export interface Handed {
  id: string
  record: string
  claimedAt: number
}

export function handedIn(message: string): Handed {
  const first = message.indexOf('\n')
  const second = message.indexOf('\n', first + 1)
  const claimedAt = Number(message.slice(0, first))
  return { claimedAt, id: message.slice(first + 1, second), record: message.slice(second + 1) }
}
