/** Lua that several scripts share: writing to the feed. */
import { lua } from '../script.ts'
import { calendar, time } from './time.ts'

/** Records between two looks at how long the stream is. A hundredth of that length, where it is short. */
export const TRIM_EVERY = 100

/** Where the feed stands, in locals that are there already: `newest`, `seq`, `sealed`. */
export const openPlace = lua`
  newest, seq = string.match(redis.call('GET', tail) or '0-0.0', '^(.+)%.(%d+)$')
  seq = tonumber(seq)
  sealed = seq
`

/** What consumer groups hold is left. Uses `outcomes`, `held`, `seq` and `streamMaxLen`. */
export const trimmed = lua`
  local how, most = 'MAXLEN', streamMaxLen
  local heldId, heldSeq, cap = string.match(redis.call('GET', held) or '', '^(%S+) (%d+) (%d+)$')
  if heldSeq then
    local waiting = seq - heldSeq
    if waiting > tonumber(cap) then most = cap
    elseif waiting > tonumber(streamMaxLen) then how, most = 'MINID', heldId end
  end
  redis.call('XTRIM', outcomes, how, '~', most)
`

/** What follows the records of one call: the new place, and once in a hundred the trim. */
export const sealPlace = lua`
  redis.call('SET', tail, newest .. '.' .. string.format('%d', seq))
  -- A node of the stream is trimmed as a whole, so that most of the looks would be for nothing.
  local every = math.min(${TRIM_EVERY}, math.ceil(streamMaxLen / ${TRIM_EVERY}))
  if math.floor(seq / every) ~= math.floor(sealed / every) then
    ${trimmed}
  end
`

/**
 * Writing to the feed, where the time is known. `append(id, task, status, label, value, …)` writes one notice; `label` and `value` come after the
 * fields that Celery bridges write, the rest after ours. `place()` is the cursor of the newest one. `seal()` must be called once after
 * all of them: it trims the stream, once in a hundred records. `stamp()` is the time of this call as text.
 *
 * What consumer groups have not taken yet is not trimmed: `held` says `<id> <seq> <cap>`, the place up to which all of
 * them are done, and how many records they may hold back. Without groups it is not there, and costs nothing.
 *
 * Takes the keys `outcomes`, `tail` and `held` and the argument `streamMaxLen`, and uses the time.
 */
export const writing = lua`
  -- Most enqueues write no notice: they are spared the calendar and the place.
  local moment, newest, seq, sealed
  local function stamp()
    if not moment then
      ${calendar}
    end
    return moment
  end
  local function open()
    ${openPlace}
  end
  local function place()
    if not seq then open() end
    return newest .. '.' .. string.format('%d', seq)
  end
  local function seal()
    if not seq or seq == sealed then return end
    ${sealPlace}
  end
  local function append(id, task, status, label, value, ...)
    if not seq then open() end
    seq = seq + 1
    newest = redis.call('XADD', outcomes, '*',
      'task_id', id, 'task_name', task, 'status', status, 'timestamp', moment or stamp(), label, value,
      'seq', seq, ...)
  end
`

export const feed = lua`
  ${time}
  ${writing}
`

/** `optional(text)`: an argument that may be null comes as `''`, and otherwise with an `=` before it. */
export const optional = lua`
  local function optional(text)
    if text ~= '' then return string.sub(text, 2) end
  end
`

/** The other side of `optional`. */
export const marked = (text: string | null): string => (text === null ? '' : `=${text}`)
