/** Lua of `step`: what attempts have come to. */
import { INLINE_MAX } from '../stream-record.ts'
import { lua } from '../script.ts'
import { dead } from './dead.ts'
import { remember } from './hands.ts'
import { HEAD } from './step-items.ts'

/**
 * `settle(from, last, lost)` takes the arguments from one place to another as runs (`step-items.ts`), and adds to
 * `lost` the ids that the session does not hold. A hold is true while `active` says the same session and the same
 * moment: that is the fence. Uses `areOdd`; sets `isRetried` where a job will be tried again.
 */
export const settle = lua`
  local resultPrefix = prefix .. 'r:'

  -- A value and, after a line feed, its meta; an error's name and its message.
  local function apart(text)
    local border = string.find(text, '\n', 1, true)
    if not border then return text end
    return string.sub(text, 1, border - 1), string.sub(text, border + 1)
  end
  local hasTries = areOdd and redis.call('EXISTS', tries) == 1

  -- What all of a run say; and from it the end of their documents.
  local count, to, hold, ms, task, marks, documentEnd
  local isRetried = false
  -- What most steps have none of is made when it is first asked for, as \`works\` is.
  local others
  local function other()
    if others then return others end
    -- Earlier attempts, for the outcome.
    local function pastOf(id)
      local past = works().pastOf(id)
      return past ~= '' and past .. ',"worker":' .. cjson.encode(session) or ''
    end
    -- More fields of a notice: what marks say of the attempt, the trace and the owner.
    local function fieldsOf(...)
      local fields = { ... }
      local attempt, trace, owner = string.match(marks, '^(%d*)~?([%x-]*)(.*)$')
      if owner ~= '' then
        fields[#fields + 1] = 'owner'
        fields[#fields + 1] = optional(owner)
      end
      if attempt ~= '' then
        fields[#fields + 1] = 'attempt'
        fields[#fields + 1] = attempt
      end
      if trace ~= '' then
        fields[#fields + 1] = 'trace'
        fields[#fields + 1] = trace
      end
      return unpack(fields)
    end
    ${dead}
    local function fail(id, value)
      local name, message = apart(value)
      local kept = '{"status":"FAILURE"' .. works().pastOf(id) .. ',"worker":' .. cjson.encode(session) .. documentEnd
      bury(id, kept)
      if ms ~= '0' then
        redis.call('PSETEX', resultPrefix .. id, ms, kept)
        countResult(id)
      end
      append(id, task, 'FAILURE', 'error', message, fieldsOf('error_name', name))
      return 'failed', name, message
    end
    ${remember}
    local function again(id, value, startedAt)
      local name, message = apart(value)
      local runAt = nowMs + ms
      local attempt = string.match(marks, '^%d+') or 1
      redis.call('SADD', retry, id)
      redis.call('ZADD', later, runAt, id)
      redis.call('HSET', tries, id, attempt)
      isRetried = true
      remember(id, attempt, startedAt, session, name, message)
      append(id, task, 'RETRY', 'error', message, fieldsOf('error_name', name, 'run_at', runAt))
    end
    local function report(id, value)
      local json, meta = apart(value)
      if meta then append(id, task, 'PROGRESS', 'result', json, fieldsOf('meta', meta))
      else append(id, task, 'PROGRESS', 'result', json, fieldsOf()) end
    end
    others = { pastOf = pastOf, fieldsOf = fieldsOf, fail = fail, again = again, report = report }
    return others
  end

  local function succeed(id, value)
    local json, meta = apart(value)
    if ms ~= '0' then
      local kept = documentEnd
      if meta then kept = ',"meta":' .. meta .. kept end
      if hasTries then kept = other().pastOf(id) .. kept end
      redis.call('PSETEX', resultPrefix .. id, ms, '{"status":"SUCCESS","result":' .. json .. kept)
      countResult(id)
    end
    if #value > ${INLINE_MAX} then
      append(id, task, 'SUCCESS', 'ref', resultPrefix .. id, other().fieldsOf())
    elseif meta then
      append(id, task, 'SUCCESS', 'result', json, other().fieldsOf('meta', meta))
    elseif marks ~= '' then
      append(id, task, 'SUCCESS', 'result', json, other().fieldsOf())
    else
      append(id, task, 'SUCCESS', 'result', json)
    end
    return 'succeeded', json, meta
  end

  local function settle(from, last, lost)
    local ids, n = {}, 0
    local at = from
    while at <= last do
      local behind = at + ${HEAD} + 2 * ARGV[at]
      for item = at + ${HEAD}, behind - 1, 2 do
        n = n + 1
        ids[n] = ARGV[item]
      end
      at = behind
    end
    local holds = redis.call('HMGET', active, unpack(ids))
    -- Some hold places at gates, or take others with them when they end; even some that are settled after them.
    local tied, slots = {}, {}
    local areTied = areOdd and redis.call('EXISTS', prefix .. 'ends', prefix .. 'slots') > 0
    if areTied then
      tied = redis.call('HMGET', prefix .. 'ends', unpack(ids))
      slots = redis.call('HMGET', prefix .. 'slots', unpack(ids))
    end
    local isSettled, settled, settledCount, ended, endedCount = {}, {}, 0, {}, 0
    n = 0
    at = from
    local function all()
      while at <= last do
        count, to, hold, ms, task, marks, documentEnd = unpack(ARGV, at, at + ${HEAD - 1})
        documentEnd = documentEnd .. stamp() .. '"}'
        local behind = at + ${HEAD} + 2 * count
        for item = at + ${HEAD}, behind - 1, 2 do
          n = n + 1
          local id, value = ids[n], ARGV[item + 1]
          local isTied = areTied and (tied[n] or slots[n])
          local held = holds[n]
          if isTied then held = redis.call('HGET', active, id) end
          if to == 'report' then
            if held == hold and not isSettled[id] then other().report(id, value) end
          elseif held ~= hold or isSettled[id] then
            lost[#lost + 1] = id
          else
            isSettled[id] = true
            settledCount = settledCount + 1
            settled[settledCount] = id
            if isTied then redis.call('HDEL', active, id) end
            if to == 'retrying' then
              other().again(id, value, string.match(held, '%d+$'))
              if isTied then works().release(id, true) end
            else
              endedCount = endedCount + 1
              ended[endedCount] = id
              local act = to == 'succeeded' and succeed or other().fail
              local how, first, second = act(id, value)
              if isTied then
                redis.call('HDEL', jobs, id)
                works().release(id)
                works().ended(id, { task = task }, how, first, second)
              end
            end
          end
        end
        at = behind
      end
    end
    -- What Redis refuses in its middle stays written up to there: it must not be written again.
    local isWell, problem = pcall(all)
    if not isWell then
      if settled[settledCount] == ids[n] then
        settled[settledCount] = nil
        settledCount = settledCount - 1
      end
      if ended[endedCount] == ids[n] then
        ended[endedCount] = nil
        endedCount = endedCount - 1
      end
    end
    if settledCount > 0 then
      redis.call('HDEL', active, unpack(settled))
      if areOdd then redis.call('HDEL', progress, unpack(settled)) end
    end
    if endedCount > 0 then
      redis.call('HDEL', jobs, unpack(ended))
      if hasTries then
        redis.call('HDEL', tries, unpack(ended))
        redis.call('HDEL', prefix .. 'history', unpack(ended))
      end
    end
    if not isWell then error(problem, 0) end
  end
`
