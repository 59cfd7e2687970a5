import type { Cursor, Enqueued } from '@lovage/core'
import { JOB_KEYS } from '../keys.ts'
import { defineScript, headed, lua } from '../script.ts'
import { feed, optional } from './feed.ts'
import { tidy } from './hands.ts'
import { header } from './header.ts'
import { handAll, handOne, idle } from './idle.ts'
import { ring, takenOut } from './line.ts'
import { special } from './special.ts'
import { works } from './works.ts'

/** Rings for a line that was empty, without a function. */
const ringPlain = lua`
  local wake = prefix .. 'wake:default'
  if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
`

/**
 * What nearly all enqueues need: puts jobs in line that are new, and of which there is nothing more to say. Items: `id,
 * record` for each. Answers the place in the feed, or that one of them is not new, and then nothing is written.
 *
 * It has no function, and the one job of a caller who awaits each call has no table either: they cost more than all
 * that is done for it.
 */
export const enqueuePlain = defineScript({
  name: 'enqueuePlain',
  keys: ['jobs', 'wait', 'tombs', 'tail', 'active', 'workers'],
  args: ['now', 'prefix'],
  repeatable: true,
  first: lua`
    local last = #ARGV
    if last == items + 2 then
      local id = ARGV[items + 1]
      local result = prefix .. 'r:' .. id
      local isMore = redis.call('EXISTS', tombs, result, ${idle}) > 0
      if isMore and (redis.call('EXISTS', result) == 1 or redis.call('HEXISTS', tombs, id) == 1) then return 0 end
      if redis.call('HSETNX', jobs, id, ARGV[items + 2]) == 0 then return 0 end
      if isMore then
        ${handOne('ARGV[items + 2]')}
      end
      if redis.call('RPUSH', wait, id) == 1 then
        ${ringPlain}
      end
    else
      local ids, results, count = {}, {}, 0
      for at = items + 1, last, 2 do
        local id = ARGV[at]
        count = count + 1
        ids[count] = id
        results[count] = prefix .. 'r:' .. id
      end
      if redis.call('EXISTS', unpack(results)) > 0 then return 0 end
      for _, record in ipairs(redis.call('HMGET', jobs, unpack(ids))) do if record then return 0 end end
      if redis.call('EXISTS', tombs) == 1 then
        for _, line in ipairs(redis.call('HMGET', tombs, unpack(ids))) do if line then return 0 end end
      end
      if redis.call('HSET', jobs, unpack(ARGV, items + 1, last)) < count then
        -- One of them is there twice, and the first counts.
        redis.call('HDEL', jobs, unpack(ids))
        return 0
      end
      if redis.call('RPUSH', wait, unpack(ids)) == count then
        ${ringPlain}
      end
    end
    return redis.call('GET', tail) or '0-0.0'
  `,
  body: '',
  decode: (reply): Cursor | null => (reply === 0 ? null : (reply as Cursor)),
})

/**
 * The same for a few jobs that nobody can know before they are sent, since their ids were made for this call: it looks for
 * none. Where the call may have been carried out already, and the answer is missing, they are looked for.
 */
export const enqueueNew = defineScript({
  name: 'enqueueNew',
  keys: ['jobs', 'wait', 'tail', 'active', 'workers'],
  args: enqueuePlain.args,
  repeatable: true,
  again: enqueuePlain,
  first: lua`
    local last = #ARGV
    if last == items + 2 then
      local id = ARGV[items + 1]
      redis.call('HSET', jobs, id, ARGV[items + 2])
      ${handOne('ARGV[items + 2]')}
      if redis.call('RPUSH', wait, id) == 1 then
        ${ringPlain}
      end
    else
      redis.call('HSET', jobs, unpack(ARGV, items + 1, last))
      ${handAll}
      local ids, count = {}, 0
      for at = items + 1, last, 2 do
        count = count + 1
        ids[count] = ARGV[at]
      end
      if redis.call('RPUSH', wait, unpack(ids)) == count then
        ${ringPlain}
      end
    end
    return redis.call('GET', tail) or '0-0.0'
  `,
  body: '',
  decode: enqueuePlain.decode,
})

/** The same for many of them: in the jobs and in the line they are put by commands, and the script rings for them. */
export const enqueueAllNew = defineScript({
  name: 'enqueueAllNew',
  keys: ['wait', 'tail'],
  args: enqueuePlain.args,
  repeatable: true,
  again: enqueuePlain,
  ahead(keys, items) {
    const ids = items.filter((_, at) => at % 2 === 0)
    return {
      commands: [
        ['hset', [keys.jobs, ...items]],
        ['rpush', [keys.wait, ...ids]],
      ],
      items: [ids.length],
    }
  },
  first: lua`
    if redis.call('LLEN', wait) == tonumber(ARGV[items + 1]) then
      ${ringPlain}
    end
    return redis.call('GET', tail) or '0-0.0'
  `,
  body: '',
  decode: enqueuePlain.decode,
})

/**
 * Puts the jobs in line that come with `items`: `id, record, delay` for each, then `n, task, owner` for each whose
 * `queued` notice is wanted. A delay is in ms, or a moment after an `@`; where there is more to say, JSON stands in its
 * place (`special.ts`).
 */
const putInLine = lua`
  ${feed}
  ${optional}
  ${header}
  ${tidy}
  ${works}
  local resultPrefix = prefix .. 'r:'
  ${special}

  local before, found = nil, {}
  local function putInLine()
    before = redis.call('GET', tail) or '0-0.0'
    if count == '0' then return end
    local ids, results = {}, {}
    for n = 1, count do
      ids[n] = ARGV[items + n * 3 - 2]
      results[n] = resultPrefix .. ids[n]
    end
    local living = redis.call('HMGET', jobs, unpack(ids))
    local areEnded = redis.call('EXISTS', unpack(results)) > 0
    local areTombs = redis.call('EXISTS', tombs) == 1

    local told
    for at = items + count * 3 + 1, #ARGV, 3 do
      told = told or {}
      told[tonumber(ARGV[at])] = at
    end

    local records, line = {}, {}
    local isDelayed, isOdd = false, false
    local seen = {}
    -- What comes next may concern them.
    local function flush()
      if #records > 0 then redis.call('HSET', jobs, unpack(records)) end
      -- An idle worker is woken when there was nothing in line, and to look when the delayed one is due.
      if (#line > 0 and redis.call('RPUSH', wait, unpack(line)) == #line) or isDelayed then ring('default') end
      records, line, isDelayed = {}, {}, false
    end
    for n = 1, count do
      local id, delayMs = ids[n], ARGV[items + n * 3]
      -- An odd one may have ended others that are to come.
      if isOdd then living[n] = redis.call('HEXISTS', jobs, id) == 1 end
      if living[n] or seen[id] or ((areEnded or isOdd) and redis.call('EXISTS', results[n]) == 1) then
        found[#found + 1] = n
        found[#found + 1] = id
      else
        if areTombs then
          ${takenOut('id')}
        end
        if string.find(delayMs, '{', 1, true) then
          flush()
          isOdd = true
          local other, isRejected = putSpecial(id, ARGV[items + n * 3 - 1], cjson.decode(delayMs))
          areTombs = true
          if other then
            found[#found + 1] = isRejected and -n or n
            found[#found + 1] = other
          end
        else
          seen[id] = true
          records[#records + 1] = id
          records[#records + 1] = ARGV[items + n * 3 - 1]
          local startAt = nowMs
          if delayMs ~= '0' then
            startAt = string.byte(delayMs) == 64 and tonumber(string.sub(delayMs, 2)) or nowMs + delayMs
          end
          if startAt <= nowMs then
            line[#line + 1] = id
          else
            redis.call('ZADD', later, startAt, id)
            isDelayed = true
          end
          if told and told[n] then
            local _, _, options = header(ARGV[items + n * 3 - 1])
            append(id, ARGV[told[n] + 1], 'PENDING', 'attempt', 0,
              unpack(aboutOf(optional(ARGV[told[n] + 2]), traceOf(options))))
          end
        end
      end
    end
    flush()

    seal()
    boundResults()
  end
`

/**
 * Puts jobs in line, in order. An id that lives or has ended is passed over, so that a repeat changes
 * nothing. Answers the place in the feed before all this and, of those for which another job stands, the number
 * (from 1; negative: rejected) and that job's id.
 */
export const enqueue = defineScript({
  name: 'enqueue',
  keys: JOB_KEYS,
  args: ['now', 'streamMaxLen', 'prefix', 'resultsMax', 'count'],
  repeatable: true,
  body: lua`
    ${ring}
    ${putInLine}
    putInLine()
    return { before, unpack(found) }
  `,
  decode(reply): { cursor: Cursor; found: Map<number, Pick<Enqueued, 'outcome' | 'id'>> } {
    const [cursor, ...rest] = reply as [Cursor, ...(number | string)[]]
    const found = new Map<number, Pick<Enqueued, 'outcome' | 'id'>>()
    for (let i = 0; i < rest.length; i += 2) {
      const n = rest[i] as number
      found.set(Math.abs(n), { outcome: n < 0 ? 'rejected' : 'exists', id: rest[i + 1] as string })
    }
    return { cursor, found }
  },
})

/** Enqueues the jobs of a schedule's tick and sets the next one, unless somebody has. An empty `nextAt`: there is none. */
export const fire = defineScript({
  name: 'fire',
  keys: JOB_KEYS,
  args: ['now', 'streamMaxLen', 'prefix', 'resultsMax', 'count', 'name', 'at', 'nextAt'],
  repeatable: true,
  body: lua`
    ${ring}
    ${putInLine}
    local ticks, timer = prefix .. 'ticks', 's:' .. name
    if redis.call('HGET', ticks, name) ~= at then return 'stale' end
    if nextAt == '' then
      redis.call('HDEL', prefix .. 'schedules', name)
      redis.call('HDEL', ticks, name)
      redis.call('ZREM', prefix .. 'timers', timer)
    else
      redis.call('HSET', ticks, name, nextAt)
      redis.call('ZADD', prefix .. 'timers', nextAt, timer)
    end
    putInLine()
    return 'fired'
  `,
  decode: headed(['fired', 'stale'], (outcome) => ({ outcome })),
})
