/**
 * Lua of `step`: the same for plain jobs alone, which is what most steps meet.
 *
 * A function that a script defines is made anew by each call, and the whole step has some forty: that was most of what
 * the step of one job cost. So this comes before all of them and makes none. It writes nothing until it knows that there
 * is nothing unusual; where there is, it leaves all to what stands behind it.
 */
import { INLINE_MAX } from '../stream-record.ts'
import { lua } from '../script.ts'
import { RECORD_VERSION } from '../record.ts'
import { sweepResults } from './count-results.ts'
import { claimDue, leaveLater, seeDue } from './due.ts'
import { openPlace, sealPlace } from './feed.ts'
import { ANCHOR, ANCHOR_TEXT, tidied } from './hands.ts'
import { put } from './idle.ts'
import { HEAD } from './step-items.ts'
import { calendarBy } from './time.ts'

/** The beats of an idle worker look every 5 s or more often; what is due later they will see in time. */
export const SOON_MS = 10_000
/** Tombstones that one step passes; what is left wakes the next one. */
export const TOMBS_MAX = 1_000
/**
 * How long a record that only a newer version can read is kept out of the way, for a newer worker to come by.
 */
export const DEFER_MS = 30_000

/**
 * Takes as many as are `free` from `line`, many at once. Counts in `taken`, `passed` and `deferred`, and fills
 * `claimed`, `records` and `holds`.
 *
 * @param strayed What to do about one that may not be taken from here: uses `ids`, `n`, `record` and `tombstones`.
 */
export const takePlain = (strayed = '') => lua`
  while free > 0 and passed < ${TOMBS_MAX} do
    local ids = redis.call('LPOP', line, free)
    if not ids then break end
    local tombstones = {}
    for n, record in ipairs(redis.call('HMGET', jobs, unpack(ids))) do
      local id = ids[n]
      if not record then
        tombstones[#tombstones + 1] = id
      elseif string.find(record, '[${RECORD_VERSION},', 1, true) ~= 1 then
        redis.call('ZADD', later, nowMs + ${DEFER_MS}, id)
        deferred = deferred + 1
        free = free - 1
      ${strayed}
      else
        -- Written out, and counted in locals: this is the path of every plain job.
        taken = taken + 1
        claimed[taken] = id
        records[taken] = record
        holds[2 * taken - 1] = id
        holds[2 * taken] = hold
        free = free - 1
      end
    end
    if #tombstones > 0 then redis.call('HDEL', tombs, unpack(tombstones)) end
    passed = passed + #tombstones
  end
`

/** Fills `more` with the fields of a notice that `marks` tell. */
export const parted = lua`
  more = {}
  local attempt, trace, owner = string.match(marks, '^(%d*)~?([%x-]*)(.*)$')
  if owner ~= '' then more[1], more[2] = 'owner', string.sub(owner, 2) end
  if attempt ~= '' then more[#more + 1], more[#more + 2] = 'attempt', attempt end
  if trace ~= '' then more[#more + 1], more[#more + 2] = 'trace', trace end
`

/**
 * Sets of the success `value` its `json`, the `fields` that its notice has at the end, `more` among them, and the text of its
 * outcome, `kept`, which ends with `document`.
 */
export const worded = lua`
  json, fields = value, more
  local border = string.find(value, '\n', 1, true)
  if border then
    local meta = string.sub(value, border + 1)
    json, fields = string.sub(value, 1, border - 1), { 'meta', meta, unpack(more or {}) }
    kept = '{"status":"SUCCESS","result":' .. json .. ',"meta":' .. meta .. document
  else
    kept = '{"status":"SUCCESS","result":' .. json .. document
  end
`

/** Its notice, whose place is `newest` then. Uses `id`, `task` and `moment`. */
export const told = (seq: string) => lua`
  if fields then
    newest = redis.call('XADD', outcomes, '*', 'task_id', id, 'task_name', task, 'status', 'SUCCESS',
      'timestamp', moment, 'result', json, 'seq', ${seq}, unpack(fields))
  else
    newest = redis.call('XADD', outcomes, '*', 'task_id', id, 'task_name', task, 'status', 'SUCCESS',
      'timestamp', moment, 'result', json, 'seq', ${seq})
  end
`

/** Returns the answer of `step`, or does nothing. Uses the time. */
export const plainStep = lua`
  local isPlain = queueCount ~= '0' and releaseCount == '0' and announce == '' and #ARGV == items + queueCount + settleSize
    and redis.call('ZSCORE', workers, session)
  local nextDue, nextClock, hasTries, hasProgress, dueIds, dueRecords, isFlood
  if isPlain then
    local odd = redis.call('EXISTS', tries, progress, later, prefix .. 'timers', prefix .. 'ends', prefix .. 'slots',
      prefix .. 'lanes', prefix .. 'limits', prefix .. 'paused', prefix .. 'streaks', prefix .. 'prio:' .. ARGV[items + 1])
    for n = 2, queueCount do odd = odd + redis.call('EXISTS', prefix .. 'prio:' .. ARGV[items + n]) end
    if odd > 0 then
      -- Moments that are not due yet, a first attempt elsewhere, a report: what is about other jobs does no harm.
      nextDue = redis.call('ZRANGE', later, '0', '0', 'WITHSCORES')[2]
      nextClock = redis.call('ZRANGE', prefix .. 'timers', '0', '0', 'WITHSCORES')[2]
      hasTries, hasProgress = redis.call('EXISTS', tries) == 1, redis.call('EXISTS', progress) == 1
      odd = odd - (nextDue and 1 or 0) - (nextClock and 1 or 0) - (hasTries and 1 or 0) - (hasProgress and 1 or 0)
      isPlain = odd == 0 and (not nextClock or tonumber(nextClock) > nowMs)
      if isPlain and nextDue and tonumber(nextDue) <= nowMs then
        ${seeDue}
      end
    end
  end

  -- What is settled: successes of jobs that are held, at their first attempt, with nothing to them but a small result.
  local from, last = items + queueCount + 1, items + queueCount + settleSize
  local ids, settled = {}, 0
  if isPlain and settleSize ~= '0' then
    local tokens, seen = {}, {}
    local at = from
    while at <= last and isPlain do
      local behind = at + ${HEAD} + 2 * ARGV[at]
      local token = ARGV[at + 2]
      isPlain = ARGV[at + 1] == 'succeeded'
      for item = at + ${HEAD}, behind - 1, 2 do
        local id, value = ARGV[item], ARGV[item + 1]
        settled = settled + 1
        ids[settled] = id
        tokens[settled] = token
        isPlain = isPlain and not seen[id] and #value <= ${INLINE_MAX}
        seen[id] = true
      end
      at = behind
    end
    if isPlain then
      local held = redis.call('HMGET', active, unpack(ids))
      for n = 1, settled do isPlain = isPlain and held[n] == tokens[n] end
      if isPlain and hasTries then
        for _, tried in ipairs(redis.call('HMGET', tries, unpack(ids))) do isPlain = isPlain and not tried end
      end
    end
  end

  if isPlain then
    local newest, seq, sealed
    if settled > 0 then
      ${openPlace}
      local moment
      ${calendarBy}
      local counted, countedCount = {}, 0
      local resultPrefix = prefix .. 'r:'
      local at = from
      while at <= last do
        local ms, task, marks, document = ARGV[at + 3], ARGV[at + 4], ARGV[at + 5], ARGV[at + 6] .. moment .. '"}'
        local behind = at + ${HEAD} + 2 * ARGV[at]
        local more
        if marks ~= '' then
          ${parted}
        end
        -- Many say the same, such as those that return nothing: of them it is put together once.
        local value, json, fields, kept
        for item = at + ${HEAD}, behind - 1, 2 do
          local id = ARGV[item]
          if ARGV[item + 1] ~= value then
            value = ARGV[item + 1]
            ${worded}
          end
          if ms ~= '0' then
            redis.call('PSETEX', resultPrefix .. id, ms, kept)
            countedCount = countedCount + 1
            counted[countedCount] = id
          end
          seq = seq + 1
          ${told('seq')}
        end
        at = behind
      end
      redis.call('HDEL', active, unpack(ids))
      redis.call('HDEL', jobs, unpack(ids))
      if hasProgress then redis.call('HDEL', progress, unpack(ids)) end
      ${sealPlace}
      if countedCount > 0 and resultsMax ~= '0' then
        ${sweepResults}
      end
    end

    local claimed, records, holds, taken = {}, {}, {}, 0
    local hold = session .. '@' .. nowText
    local free, passed, deferred, direct = tonumber(claim), 0, 0, 0
    for n = 1, queueCount do
      local queue = ARGV[items + n]
      local line = prefix .. 'wait:' .. queue
      ${takePlain()}
      if dueIds and queue == 'default' and passed < ${TOMBS_MAX} then
        ${claimDue}
      end
      if free == 0 then break end
    end
    if dueIds then
      ${leaveLater}
    end
    local counts = false
    if taken > 0 then
      redis.call('HSET', active, '${ANCHOR}', '${ANCHOR_TEXT}', unpack(holds))
      if hasTries then counts = redis.call('HMGET', tries, unpack(claimed)) end
    elseif settled == 0 then
      ${tidied}
    end
    if deferred > 0 or dueIds then nextDue = redis.call('ZRANGE', later, '0', '0', 'WITHSCORES')[2] end
    if nextClock and (not nextDue or tonumber(nextClock) < tonumber(nextDue)) then nextDue = nextClock end
    local nextDueMs = nextDue and math.max(0, nextDue - nowMs) or -1
    if free == 0 or passed >= ${TOMBS_MAX} then
      -- What is left, another takes; and what is due soon another must know, where this worker has no hand free for it.
      local isSoon = free == 0 and nextDue and nextDueMs < ${SOON_MS}
      for n = 1, queueCount do
        local queue = ARGV[items + n]
        if isSoon or redis.call('EXISTS', prefix .. 'wait:' .. queue) == 1 then
          local wake = prefix .. 'wake:' .. queue
          if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
        end
      end
    end
    -- An answer ends with what there is: each part of it costs as much as a small command.
    if deferred > 0 or counts then return { 'alive', nextDueMs, nowMs, claimed, records, counts, deferred } end
    if taken > 0 then return { 'alive', nextDueMs, nowMs, claimed, records } end
    if idleSlots ~= '' and passed < ${TOMBS_MAX} then
      ${put}
      return { 'idle', nextDueMs, nowMs }
    end
    return { 'alive', nextDueMs, nowMs }
  end
`
