import { defineScript, headed, lua } from '../script.ts'
import { INLINE_MAX } from '../stream-record.ts'
import { feed, optional } from './feed.ts'
import { ANCHOR, ANCHOR_TEXT, tidy } from './hands.ts'
import { header } from './header.ts'
import { ring } from './line.ts'
import { WIDTH } from './step-items.ts'

/** Delayed jobs that one step promotes: it bounds how long others wait for the server. */
const PROMOTE_MAX = 200
/** An idle worker looks by itself every 5 s; what is due later it will see in time. */
const SOON_MS = 10_000
/** Tombstones that one step passes; what is left wakes the next one. */
const TOMBS_MAX = 1_000
/**
 * How long a record that only a newer version can read is kept out of the way, for a newer worker to come by.
 */
export const DEFER_MS = 30_000

/**
 * The worker's one script: settles, promotes what is due, claims. It runs once for every hundred jobs or so,
 * and what is inside its loops is most of what a job costs: hence counters where `#` would search, and no
 * table unless there is something to put in.
 *
 * Items: `settleCount` times `id, hold, to, ms, task, marks, value, document`, then `id, hold` for each to
 * verify. Answers: word, ms until the next one is due (-1: none), lost ids, now, claimed ids, their records,
 * their tries (nil: none has any), how many were put off because a newer version wrote them.
 */
export const step = defineScript({
  name: 'step',
  keys: [
    'jobs',
    'wait',
    'tombs',
    'later',
    'retry',
    'active',
    'workers',
    'wake',
    'tries',
    'progress',
    'outcomes',
    'tail',
    'held',
  ],
  args: ['now', 'streamMaxLen', 'resultPrefix', 'session', 'claim', 'settleCount', 'announce'],
  repeatable: false,
  body: lua`
    ${feed}
    ${optional}
    ${header}
    ${ring}
    ${tidy}

    -- A value and, after a line feed, its meta; an error's name and its message.
    local function apart(text)
      local border = string.find(text, '\n', 1, true)
      if not border then return text end
      return string.sub(text, 1, border - 1), string.sub(text, border + 1)
    end
    -- More fields of a notice: what marks say of the attempt and the owner.
    local function fieldsOf(marks, ...)
      local fields = { ... }
      local attempt, owner = string.match(marks, '^(%d*)(.*)$')
      if owner ~= '' then
        fields[#fields + 1] = 'owner'
        fields[#fields + 1] = optional(owner)
      end
      if attempt ~= '' then
        fields[#fields + 1] = 'attempt'
        fields[#fields + 1] = attempt
      end
      return unpack(fields)
    end

    local function succeed(id, ms, task, marks, value, document)
      local json, meta = apart(value)
      if meta then document = ',"meta":' .. meta .. document end
      if ms ~= '0' then
        document = '{"status":"SUCCESS","result":' .. json .. document .. stamp() .. '"}'
        redis.call('SET', resultPrefix .. id, document, 'PX', ms)
      end
      if #value > ${INLINE_MAX} then
        append(id, task, 'SUCCESS', 'ref', resultPrefix .. id, fieldsOf(marks))
      elseif meta then
        append(id, task, 'SUCCESS', 'result', json, fieldsOf(marks, 'meta', meta))
      elseif marks ~= '' then
        append(id, task, 'SUCCESS', 'result', json, fieldsOf(marks))
      else
        append(id, task, 'SUCCESS', 'result', json)
      end
    end
    local function fail(id, ms, task, marks, value, document)
      local name, message = apart(value)
      if ms ~= '0' then redis.call('SET', resultPrefix .. id, document .. stamp() .. '"}', 'PX', ms) end
      append(id, task, 'FAILURE', 'error', message, fieldsOf(marks, 'error_name', name))
    end
    local function again(id, ms, task, marks, value)
      local name, message = apart(value)
      local runAt = nowMs + ms
      redis.call('ZADD', later, runAt, id)
      redis.call('SADD', retry, id)
      redis.call('HSET', tries, id, string.match(marks, '^%d+') or 1)
      append(id, task, 'RETRY', 'error', message, fieldsOf(marks, 'error_name', name, 'run_at', runAt))
    end
    local function report(id, ms, task, marks, value)
      local json, meta = apart(value)
      if meta then append(id, task, 'PROGRESS', 'result', json, fieldsOf(marks, 'meta', meta))
      else append(id, task, 'PROGRESS', 'result', json, fieldsOf(marks)) end
    end

    -- The fence: a hold is true while active says the same session and the same moment.
    local lost = {}
    local verifyFrom = items + settleCount * ${WIDTH} + 1
    if settleCount ~= '0' then
      local ids, n = {}, 0
      for at = items + 1, verifyFrom - 1, ${WIDTH} do
        n = n + 1
        ids[n] = ARGV[at]
      end
      local holds = redis.call('HMGET', active, unpack(ids))
      local isSettled, settled, settledCount, ended, endedCount = {}, {}, 0, {}, 0
      n = 0
      for at = items + 1, verifyFrom - 1, ${WIDTH} do
        n = n + 1
        local id, to = ids[n], ARGV[at + 2]
        if to == 'report' then
          if holds[n] == ARGV[at + 1] and not isSettled[id] then report(id, unpack(ARGV, at + 3, at + 6)) end
        elseif holds[n] ~= ARGV[at + 1] or isSettled[id] then
          lost[#lost + 1] = id
        else
          isSettled[id] = true
          settledCount = settledCount + 1
          settled[settledCount] = id
          if to == 'retrying' then
            again(id, unpack(ARGV, at + 3, at + 6))
          else
            endedCount = endedCount + 1
            ended[endedCount] = id
            local act = to == 'succeeded' and succeed or fail
            act(id, unpack(ARGV, at + 3, at + 7))
          end
        end
      end
      if settledCount > 0 then
        redis.call('HDEL', active, unpack(settled))
        if redis.call('EXISTS', progress) == 1 then redis.call('HDEL', progress, unpack(settled)) end
      end
      if endedCount > 0 then
        redis.call('HDEL', jobs, unpack(ended))
        if redis.call('EXISTS', tries) == 1 then redis.call('HDEL', tries, unpack(ended)) end
      end
    end
    for at = verifyFrom, #ARGV, 2 do
      if redis.call('HGET', active, ARGV[at]) ~= ARGV[at + 1] then lost[#lost + 1] = ARGV[at] end
    end

    local due = redis.call('ZRANGE', later, '-inf', nowText, 'BYSCORE', 'LIMIT', '0', '${PROMOTE_MAX}')
    if #due > 0 then
      redis.call('ZREM', later, unpack(due))
      redis.call('SREM', retry, unpack(due))
      redis.call('RPUSH', wait, unpack(due))
    end

    -- A session that was reaped must not claim: nobody would ever look for what it holds.
    local isAlive = redis.call('ZSCORE', workers, session)
    local room = isAlive and tonumber(claim) or 0
    local claimed, records, holds, count = {}, {}, {}, 0
    local hold = session .. '@' .. nowText
    local passed, deferred = 0, 0
    while room > 0 and passed < ${TOMBS_MAX} do
      local ids = redis.call('LPOP', wait, room)
      if not ids then break end
      local tombstones = {}
      for n, record in ipairs(redis.call('HMGET', jobs, unpack(ids))) do
        local id = ids[n]
        if not record then
          tombstones[#tombstones + 1] = id
        elseif not isKnown(record) then
          redis.call('ZADD', later, nowMs + ${DEFER_MS}, id)
          deferred = deferred + 1
          room = room - 1
        else
          count = count + 1
          claimed[count] = id
          records[count] = record
          holds[2 * count - 1] = id
          holds[2 * count] = hold
          room = room - 1
        end
      end
      if #tombstones > 0 then redis.call('SREM', tombs, unpack(tombstones)) end
      passed = passed + #tombstones
    end

    local counts = false
    if count == 0 then tidy()
    else
      redis.call('HSET', active, '${ANCHOR}', '${ANCHOR_TEXT}', unpack(holds))
      if redis.call('EXISTS', tries) == 1 then counts = redis.call('HMGET', tries, unpack(claimed)) end
      if announce ~= '' then
        for n, id in ipairs(claimed) do
          local task, owner = header(records[n])
          if string.find(announce, '\n' .. task .. '\n', 1, true) then
            append(id, plain(task), 'STARTED', 'attempt', (counts and counts[n] or 0) + 1,
              unpack(owner ~= 'null' and { 'owner', plain(owner) } or {}))
          end
        end
      end
    end
    seal()
    local nextDue = redis.call('ZRANGE', later, '0', '0', 'WITHSCORES')[2]
    -- What is left, another takes; and what is due soon another must know, where this worker has no hand free for it.
    local isSoon = nextDue and nextDue - nowMs < ${SOON_MS}
    if redis.call('LLEN', wait) > 0 or (isSoon and room == 0) then ring() end

    local nextDueMs = nextDue and math.max(0, nextDue - nowMs) or -1
    return { isAlive and 'alive' or 'reaped', nextDueMs, lost, nowMs, claimed, records, counts, deferred }
  `,
  decode: headed(['alive', 'reaped'], (word, rest) => {
    const [nextDueMs, lost, claimedAt, ids, records, tries, deferred] = rest as StepAnswer
    const batch: ClaimedBatch = { claimedAt, ids, records, tries }
    return {
      alive: word === 'alive',
      nextDueMs: nextDueMs === -1 ? null : nextDueMs,
      lost,
      deferred,
      ...batch,
    }
  }),
})

/** Jobs that were claimed at one moment, their parts side by side. */
export interface ClaimedBatch {
  claimedAt: number
  ids: string[]
  records: string[]
  /** `null` when none of them was ever tried. */
  tries: (string | null)[] | null
}

type StepAnswer = [
  nextDueMs: number,
  lost: string[],
  claimedAt: number,
  ids: string[],
  records: string[],
  tries: (string | null)[] | null,
  deferred: number,
]
