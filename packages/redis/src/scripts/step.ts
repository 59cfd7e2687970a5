import { STEP_MAX, TICK_LEASE_MS } from '@lovage/core'
import { JOB_KEYS } from '../keys.ts'
import { defineScript, headed, lua } from '../script.ts'
import { cameDue } from './depths.ts'
import { DUE_MAX, PLAIN } from './due.ts'
import { optional, writing } from './feed.ts'
import { evenWhenFull } from './full.ts'
import { ANCHOR, ANCHOR_TEXT, tidy } from './hands.ts'
import { header } from './header.ts'
import { taken } from './idle.ts'
import { ring } from './line.ts'
import { DEFER_MS, plainStep, SOON_MS, takePlain, TOMBS_MAX } from './plain-step.ts'
import { settle } from './settle.ts'
import { time } from './time.ts'
import { works } from './works.ts'

/** It belongs into a lane: what was taken with it goes back, and turns are taken. */
const STRAYED = lua`
  elseif isStray and isStray(record) then
    for back = #ids, n, -1 do redis.call('LPUSH', line, ids[back]) end
    if #tombstones > 0 then redis.call('HDEL', tombs, unpack(tombstones)) end
    count, room = taken, free
    return true
`

/**
 * The worker's one script: settles, does what is due, claims. It runs once for every hundred jobs or so,
 * and what is inside its loops is most of what a job costs: hence counters where `#` would search, and no
 * table unless there is something to put in. What only some jobs need is in `works`, and costs the others
 * one question a step.
 *
 * `idleSlots`: how many jobs the session may be handed hereafter; `idleSince`: as what it may be listed (`sinceText`). `second`: as of
 * `secondOf`, where something is settled. Items: the queues; then `settleSize` of them that say what to settle (`step-items.ts`); then ids to release;
 * then `id, hold` for each to verify. Answers: word, ms until the next thing is due (-1: none), now, claimed ids, their
 * records, their tries, how many were put off because a newer version wrote them, lost ids, and for each schedule that
 * is due its name, document and moment. A list without entries is nil, and what comes last may be absent.
 */
export const step = defineScript({
  name: 'step',
  keys: JOB_KEYS,
  args: [
    'now',
    'streamMaxLen',
    'prefix',
    'resultsMax',
    'failedMax',
    'failedMaxAgeMs',
    'session',
    'claim',
    'queueCount',
    'settleSize',
    'releaseCount',
    'announce',
    'idleSlots',
    'idleSince',
    'second',
  ],
  repeatable: false,
  first: lua`
    ${evenWhenFull}
    ${time}
    ${taken}
    ${plainStep}
  `,
  body: lua`
    ${writing}
    ${optional}
    ${header}
    ${ring}
    ${tidy}
    ${works}
    ${cameDue}
    -- What only some jobs have: while there is none of it, which one question tells, nothing more is asked of it.
    local areOdd = redis.call('EXISTS', tries, progress, prefix .. 'ends', prefix .. 'slots', prefix .. 'lanes',
      prefix .. 'limits', prefix .. 'paused', prefix .. 'streaks') > 0
    ${settle}

    local lost = {}
    local settleFrom = items + queueCount
    local releaseFrom = settleFrom + settleSize + 1
    local verifyFrom = releaseFrom + releaseCount
    if settleSize ~= '0' then settle(settleFrom + 1, releaseFrom - 1, lost) end
    for at = releaseFrom, verifyFrom - 1 do
      works().unlinger(ARGV[at], { [session] = true })
    end
    for at = verifyFrom, #ARGV, 2 do
      if redis.call('HGET', active, ARGV[at]) ~= ARGV[at + 1] then lost[#lost + 1] = ARGV[at] end
    end

    -- A session that was reaped must not claim: nobody would ever look for what it holds.
    local isAlive = redis.call('ZSCORE', workers, session)
    local room = isAlive and tonumber(claim) or 0
    local ticks, hasMore = {}, false
    local timers = prefix .. 'timers'
    local function firstOf(times) return redis.call('ZRANGE', times, '0', '0', 'WITHSCORES')[2] end
    local function dueOf(times, first)
      if not first or tonumber(first) > nowMs then return {} end
      return redis.call('ZRANGE', times, '-inf', nowText, 'BYSCORE', 'LIMIT', '0', '${DUE_MAX}')
    end
    local nextClock = firstOf(timers)
    local clocks = dueOf(timers, nextClock)
    if #clocks > 0 then
      hasMore = #clocks == ${DUE_MAX}
      for _, member in ipairs(clocks) do
        local kind, name = string.sub(member, 1, 2), string.sub(member, 3)
        if kind == 's:' then
          if isAlive and #ticks < ${3 * STEP_MAX} then
            redis.call('ZADD', timers, nowMs + ${TICK_LEASE_MS}, member)
            ticks[#ticks + 1] = name
            ticks[#ticks + 1] = redis.call('HGET', prefix .. 'schedules', name)
            ticks[#ticks + 1] = redis.call('HGET', prefix .. 'ticks', name)
          end
        else
          redis.call('ZREM', timers, member)
          if kind == 'x:' then works().expire(name) else works().freed(name) end
        end
      end
    end
    local nextDue = firstOf(later)
    local due = dueOf(later, nextDue)
    if #due > 0 then
      redis.call('ZREM', later, unpack(due))
      redis.call('SREM', retry, unpack(due))
      cameDue(due)
      local records = redis.call('HMGET', jobs, unpack(due))
      local line, lineCount = {}, 0
      for n, id in ipairs(due) do
        local options, record = '0', records[n]
        if record and not string.find(record, '${PLAIN}') and isKnown(record) then
          local _
          _, _, options = header(record)
        end
        if options == '0' then
          lineCount = lineCount + 1
          line[lineCount] = id
        else
          if lineCount > 0 then redis.call('RPUSH', wait, unpack(line, 1, lineCount)) end
          lineCount = 0
          local at = works().placeOf(records[n])
          -- An ordered one that has failed kept its place at the key's gate: it goes on before those behind it.
          local isKept = at.options.ordered and redis.call('HEXISTS', prefix .. 'slots', id) == 1
          works().enter(id, at.line, at.options.priority, isKept)
          if isKept then works().release(id) end
        end
      end
      if lineCount > 0 then redis.call('RPUSH', wait, unpack(line, 1, lineCount)) end
    end

    local claimed, records, holds, count = {}, {}, {}, 0
    local hold = session .. '@' .. nowText
    local passed, deferred = 0, 0
    local function take(id, record)
      count = count + 1
      claimed[count] = id
      records[count] = record
      holds[2 * count - 1] = id
      holds[2 * count] = hold
      room = room - 1
    end
    -- The plain line, many at once. Answers whether it came to one that must leave for a lane: then turns are taken.
    local function takeLine(queue, isStray)
      local line = prefix .. 'wait:' .. queue
      local taken, free = count, room
      ${takePlain(STRAYED)}
      count, room = taken, free
      return false
    end
    local function takeTurns(queue)
      while room > 0 do
        local id, record = works().serve(queue)
        if not id then return end
        take(id, record)
      end
    end
    -- Expiries that are overdue come first: what has expired must not start.
    if hasMore then room = 0 end
    local isUneven = (areOdd or W) and redis.call('EXISTS', prefix .. 'lanes', prefix .. 'limits', prefix .. 'paused', prefix .. 'streaks') > 0
    if isUneven then works().deferMs = ${DEFER_MS} end
    for n = 1, queueCount do
      local queue = ARGV[items + n]
      if room == 0 then break end
      if redis.call('EXISTS', prefix .. 'prio:' .. queue) == 1 then
        takeTurns(queue)
      elseif not isUneven then
        takeLine(queue)
      elseif works().isPlain(queue) then
        local before = count
        local mustTurn = takeLine(queue, works().isStray)
        if count > before then works().servedPlain(queue) end
        if mustTurn then takeTurns(queue) end
      else
        takeTurns(queue)
      end
    end
    if W then
      local left, put = W.budget()
      hasMore = hasMore or left <= 0
      deferred = deferred + put
    end

    local counts = false
    if count == 0 then
      if settleSize == '0' then tidy() end
    else
      redis.call('HSET', active, '${ANCHOR}', '${ANCHOR_TEXT}', unpack(holds))
      if hasTries or isRetried then counts = redis.call('HMGET', tries, unpack(claimed)) end
      if announce ~= '' then
        for n, id in ipairs(claimed) do
          local task, owner, options = header(records[n])
          if string.find(announce, '\n' .. task .. '\n', 1, true) then
            append(id, plain(task), 'STARTED', 'attempt', (counts and counts[n] or 0) + 1,
              unpack(aboutOf(owner ~= 'null' and plain(owner), traceOf(options))))
          end
        end
      end
    end
    seal()
    boundResults()
    if #clocks > 0 or #due > 0 or deferred > 0 or W then nextDue, nextClock = firstOf(later), firstOf(timers) end
    if nextClock and (not nextDue or tonumber(nextClock) < tonumber(nextDue)) then nextDue = nextClock end
    -- What is left, another takes; and what is due soon another must know, where this worker has no hand free for it.
    local isSoon = nextDue and nextDue - nowMs < ${SOON_MS}
    for n = 1, queueCount do
      local queue = ARGV[items + n]
      -- Whoever had room to the end has emptied the plain lines.
      local isLeft = (room == 0 or W or passed >= ${TOMBS_MAX})
        and redis.call('EXISTS', prefix .. 'wait:' .. queue, prefix .. 'prio:' .. queue) > 0
      if isUneven then isLeft = hasMore or works().isLeft(queue) end
      if isLeft or (isSoon and room == 0) then ring(queue) end
    end

    local nextDueMs = nextDue and math.max(0, nextDue - nowMs) or -1
    -- A list within an answer costs as much as a command: those that are empty stay out.
    local function listed(list) return #list > 0 and list end
    return { isAlive and 'alive' or 'reaped', nextDueMs, nowMs, listed(claimed), listed(records), counts, deferred,
      listed(lost), listed(ticks) }
  `,
  decode: headed(['alive', 'idle', 'reaped'], (word, rest) => {
    const [nextDueMs, claimedAt, ids, records, tries, deferred, lost, ticks] = rest as StepAnswer
    return {
      isShort: false,
      alive: word !== 'reaped',
      isListed: word === 'idle',
      nextDueMs: nextDueMs === -1 ? null : nextDueMs,
      lost: lost ?? [],
      deferred: deferred ?? 0,
      ticks: ticks ?? [],
      claimedAt,
      ids: ids ?? [],
      records: records ?? [],
      tries: tries ?? null,
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

/** It ends with the last part that there is. */
type StepAnswer = [
  nextDueMs: number,
  claimedAt: number,
  ids?: string[] | null,
  records?: string[] | null,
  tries?: (string | null)[] | null,
  deferred?: number,
  lost?: string[] | null,
  ticks?: (string | null)[] | null,
]
