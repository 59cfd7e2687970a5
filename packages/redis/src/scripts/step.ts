import type { Held, Settlement, StepRequest } from '@lovage/core'
import { failureDocument, cut, MESSAGE_MAX, successDocument } from '../outcome.ts'
import { defineScript, headed, lua } from '../script.ts'
import { INLINE_MAX } from '../stream-record.ts'
import { toText } from '../text.ts'
import { feed, marked, optional } from './feed.ts'
import { header } from './header.ts'
import { ring } from './line.ts'

/** Delayed jobs that one step promotes: it bounds how long others wait for the server. */
const PROMOTE_MAX = 200
/** Tombstones that one step passes; what is left wakes the next one. */
const TOMBS_MAX = 1_000
/** How long a record that only a newer version can read is kept out of the way, for a newer worker to come by. */
export const DEFER_MS = 30_000

/** Arguments of one settlement; see `settlementItems`. */
const WIDTH = 10

/**
 * The worker's one script: settles, promotes what is due, claims.
 *
 * Items: the settlements, then `id, claimedAt` for each hold to verify.
 * Answers: word, ms until the next one is due (-1: none), lost ids, now, claimed ids, their records, their tries (nil:
 * none has any), how many were put off because a newer version wrote them.
 */
export const step = defineScript({
  name: 'step',
  keys: [
    'jobs', 'wait', 'tombs', 'later', 'retry', 'active', 'workers', 'wake', 'tries', 'progress', 'outcomes', 'tail',
  ],
  args: ['now', 'streamMaxLen', 'resultPrefix', 'session', 'claim', 'settleCount', 'announce'],
  repeatable: false,
  body: lua`
    ${feed}
    ${optional}
    ${header}
    ${ring}

    -- The fence: a hold is true while active says the same session and the same moment. What is settled by one
    -- of several settlements is not held for the next. Answers by the place where an item begins.
    local lost = {}
    local function fence(from, to, width, isSettled)
      local ids = {}
      for at = from, to, width do ids[#ids + 1] = ARGV[at] end
      local holds = redis.call('HMGET', active, unpack(ids))
      local isHeld, settled = {}, {}
      for n, id in ipairs(ids) do
        local at = from + (n - 1) * width
        if not settled[id] and holds[n] == session .. '@' .. ARGV[at + 1] then
          isHeld[at] = true
          settled[id] = isSettled
        else
          lost[#lost + 1] = id
        end
      end
      return isHeld
    end

    -- A value and, after a line feed, its meta.
    local function apart(text)
      local border = string.find(text, '\n', 1, true)
      if not border then return text end
      return string.sub(text, 1, border - 1), string.sub(text, border + 1)
    end

    local firstVerify = items + settleCount * ${WIDTH} + 1
    if firstVerify > items + 1 then
      local isHeld = fence(items + 1, firstVerify - 1, ${WIDTH}, true)
      local settled, ended = {}, {}
      for at = items + 1, firstVerify - 1, ${WIDTH} do
        local id, _, to, task, owner, attempt, value, ms, document, report = unpack(ARGV, at, at + ${WIDTH - 1})
        if isHeld[at] then
          settled[#settled + 1] = id
          local more = {}
          if owner ~= '' then more = { 'owner', optional(owner) } end
          if report ~= '' then
            local json, meta = apart(report)
            if meta then append(id, task, 'PROGRESS', 'result', json, 'meta', meta, unpack(more))
            else append(id, task, 'PROGRESS', 'result', json, unpack(more)) end
          end
          if attempt ~= '1' then
            more[#more + 1] = 'attempt'
            more[#more + 1] = attempt
          end
          if to == 'succeeded' then
            ended[#ended + 1] = id
            local json, meta = apart(value)
            local label, shown = 'result', json
            if #value > ${INLINE_MAX} then
              label, shown = 'ref', resultPrefix .. id
            elseif meta then
              more[#more + 1] = 'meta'
              more[#more + 1] = meta
            end
            if meta then document = ',"meta":' .. meta .. document end
            document = '{"status":"SUCCESS","result":' .. json .. document .. stamp .. '"}'
            if ms ~= '0' then redis.call('SET', resultPrefix .. id, document, 'PX', ms) end
            append(id, task, 'SUCCESS', label, shown, unpack(more))
          else
            local name, message = apart(value)
            more[#more + 1] = 'error_name'
            more[#more + 1] = name
            if to == 'failed' then
              ended[#ended + 1] = id
              if ms ~= '0' then redis.call('SET', resultPrefix .. id, document .. stamp .. '"}', 'PX', ms) end
              append(id, task, 'FAILURE', 'error', message, unpack(more))
            else
              local runAt = nowMs + ms
              redis.call('ZADD', later, runAt, id)
              redis.call('SADD', retry, id)
              redis.call('HSET', tries, id, attempt)
              append(id, task, 'RETRY', 'error', message, 'run_at', runAt, unpack(more))
            end
          end
        end
      end
      if #settled > 0 then
        redis.call('HDEL', active, unpack(settled))
        if redis.call('EXISTS', progress) == 1 then redis.call('HDEL', progress, unpack(settled)) end
      end
      if #ended > 0 then
        redis.call('HDEL', jobs, unpack(ended))
        if redis.call('EXISTS', tries) == 1 then redis.call('HDEL', tries, unpack(ended)) end
      end
    end
    if firstVerify <= #ARGV then fence(firstVerify, #ARGV, 2, false) end

    local due = redis.call('ZRANGE', later, '-inf', nowMs, 'BYSCORE', 'LIMIT', 0, ${PROMOTE_MAX})
    if #due > 0 then
      redis.call('ZREM', later, unpack(due))
      redis.call('SREM', retry, unpack(due))
      redis.call('RPUSH', wait, unpack(due))
    end

    -- A session that was reaped must not claim: nobody would ever look for what it holds.
    local isAlive = redis.call('ZSCORE', workers, session)
    local room = isAlive and tonumber(claim) or 0
    local claimed, records, holds, passed, deferred = {}, {}, {}, 0, 0
    local hold = session .. '@' .. string.format('%d', nowMs)
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
        else
          claimed[#claimed + 1] = id
          records[#records + 1] = record
          holds[#holds + 1] = id
          holds[#holds + 1] = hold
        end
      end
      if #tombstones > 0 then redis.call('SREM', tombs, unpack(tombstones)) end
      passed = passed + #tombstones
      room = tonumber(claim) - #claimed - deferred
    end

    local counts = false
    if #claimed > 0 then
      redis.call('HSET', active, unpack(holds))
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
    if redis.call('LLEN', wait) > 0 then ring() end

    local nextDue = redis.call('ZRANGE', later, 0, 0, 'WITHSCORES')[2]
    return {
      isAlive and 'alive' or 'reaped', nextDue and math.max(0, nextDue - nowMs) or -1, lost, nowMs, claimed, records, counts, deferred,
    }
  `,
  decode: headed(['alive', 'reaped'], (word, rest) => {
    const [nextDueMs, lost, claimedAt, ids, records, tries, deferred] = rest as StepAnswer
    return { alive: word === 'alive', nextDueMs: nextDueMs === -1 ? null : nextDueMs, lost, claimedAt, ids, records, tries, deferred }
  }),
})

type StepAnswer = [
  nextDueMs: number,
  lost: string[],
  claimedAt: number,
  ids: string[],
  records: string[],
  tries: (string | null)[] | null,
  deferred: number,
]

export function stepItems({ settle, verify = [] }: StepRequest): (string | number)[] {
  return [...settle.flatMap(settlementItems), ...verify.flatMap(({ id, claimedAt }) => [id, claimedAt])]
}

function settlementItems(settlement: Settlement): (string | number)[] {
  const report = settlement.progress === undefined ? '' : toText(settlement.progress)
  switch (settlement.to) {
    case 'succeeded':
      return [...held(settlement), toText(settlement.result), settlement.ttlMs, successDocument(settlement), report]
    case 'failed': {
      const { error, ttlMs } = settlement
      return [...held(settlement), failureText(error), ttlMs, failureDocument(settlement, error), report]
    }
    case 'retrying':
      return [...held(settlement), failureText(settlement.error), settlement.delayMs, '', report]
    default:
      return settlement satisfies never
  }
}

const held = ({ id, claimedAt, to, task, owner, attempt }: Held & { to: string }): (string | number)[] => [
  id, claimedAt, to, task, marked(owner), attempt,
]

/** The name on a line of its own: an error that puts a line feed into it is not asked for more. */
const failureText = ({ name, message }: { name: string; message: string }): string =>
  `${name.replaceAll('\n', ' ')}\n${cut(message, MESSAGE_MAX)}`

const announced = new WeakMap<ReadonlySet<string>, string>()

/** The names as JSON, one a line, so that the script finds one in it without taking it apart. */
export function announceText(tasks: ReadonlySet<string> | undefined): string {
  if (tasks === undefined || tasks.size === 0) return ''
  let text = announced.get(tasks)
  if (text === undefined) {
    text = `\n${[...tasks].map((task) => JSON.stringify(task)).join('\n')}\n`
    announced.set(tasks, text)
  }
  return text
}
