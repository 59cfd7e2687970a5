/** Lua that several scripts share: writing to the feed. */
import { lua } from '../script.ts'
import { iso, time } from './time.ts'

/** Records between two looks at how long the stream is. A hundredth of that length, where it is short. */
const TRIM_EVERY = 100

/**
 * `append(id, task, status, label, value, …)` writes one notice; `label` and `value` come after the
 * fields that Celery bridges write, the rest after ours. `place()` is the cursor of the newest one. `seal()` must be called once after
 * all of them: it trims the stream, once in a hundred records. `stamp()` is the time of this call as text.
 *
 * What consumer groups have not taken yet is not trimmed: `held` says `<id> <seq> <cap>`, the place up to which all of
 * them are done, and how many records they may hold back. Without groups it is not there, and costs nothing.
 *
 * Takes the keys `outcomes`, `tail` and `held` and the arguments `now` and `streamMaxLen`.
 */
export const feed = lua`
  ${time}
  ${iso}
  -- Most enqueues write no notice: they are spared the calendar and the place.
  local moment, newest, seq, sealed, heldId, heldSeq, cap
  local function stamp()
    moment = moment or iso(nowMs)
    return moment
  end
  local function open()
    local places = redis.call('MGET', tail, held)
    newest, seq = string.match(places[1] or '0-0.0', '^(.+)%.(%d+)$')
    seq = tonumber(seq)
    sealed = seq
    if places[2] then heldId, heldSeq, cap = string.match(places[2], '^(%S+) (%d+) (%d+)$') end
  end
  -- How far the stream may be trimmed, as XTRIM is told.
  local function bound()
    if not heldSeq then return 'MAXLEN', streamMaxLen end
    local waiting = seq - heldSeq
    if waiting > tonumber(cap) then return 'MAXLEN', cap end
    if waiting > tonumber(streamMaxLen) then return 'MINID', heldId end
    return 'MAXLEN', streamMaxLen
  end
  local function place()
    if not seq then open() end
    return newest .. '.' .. string.format('%d', seq)
  end
  local function seal()
    if not seq or seq == sealed then return end
    redis.call('SET', tail, place())
    -- A node of the stream is trimmed as a whole, so that most of the looks would be for nothing.
    local every = math.min(${TRIM_EVERY}, math.ceil(streamMaxLen / ${TRIM_EVERY}))
    if math.floor(seq / every) == math.floor(sealed / every) then return end
    local how, most = bound()
    redis.call('XTRIM', outcomes, how, '~', most)
  end
  local function append(id, task, status, label, value, ...)
    if not seq then open() end
    seq = seq + 1
    newest = redis.call('XADD', outcomes, '*',
      'task_id', id, 'task_name', task, 'status', status, 'timestamp', moment or stamp(), label, value,
      'seq', seq, ...)
  end
`

/** `optional(text)`: an argument that may be null comes as `''`, and otherwise with an `=` before it. */
export const optional = lua`
  local function optional(text)
    if text ~= '' then return string.sub(text, 2) end
  end
`

/** The other side of `optional`. */
export const marked = (text: string | null): string => (text === null ? '' : `=${text}`)
