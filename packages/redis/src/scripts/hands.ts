/** Lua that several scripts share: the jobs that are in the hands of sessions. */
import { HISTORY_MAX } from '@lovage/core'
import { lua } from '../script.ts'

/**
 * An entry of `active` that is no job, there as long as any job is. Redis makes a listpack of a small hash,
 * in which every look, claim and settlement is a search; a value above 64 bytes prevents that, and saves 15 %
 * of all work.
 */
export const ANCHOR = '_'
export const ANCHOR_TEXT =
  'no job: keeps this hash a hash table, which Redis would pack into a list while it is small'

/**
 * Takes the anchor away when it holds nothing. Takes the key `active`. Steps do it only when they find nothing to do: a
 * worker that has one job after the other would make the hash anew for each.
 */
export const tidied = lua`
  if redis.call('HLEN', active) == 1 then redis.call('HDEL', active, '${ANCHOR}') end
`

/** The same as a function, `tidy()`. */
export const tidy = lua`
  local function tidy()
    ${tidied}
  end
`

/**
 * `remember(id, attempt, startedAt, session, name, message)` keeps an attempt that did not end its job: one
 * line of JSON for each, the newest ones. Takes the argument `prefix` and uses the time.
 */
export const remember = lua`
  local function remember(id, attempt, startedAt, session, name, message)
    local history = prefix .. 'history'
    local past = redis.call('HGET', history, id)
    local entry = string.format('{"attempt":%d,"startedAt":%s,"ms":%d,"worker":%s,"error":{"name":%s,"message":%s}}',
      attempt, startedAt, nowMs - startedAt, cjson.encode(session), cjson.encode(name), cjson.encode(message))
    if past then
      local _, lines = string.gsub(past, '\n', '')
      if lines + 1 >= ${HISTORY_MAX} then past = string.match(past, '\n(.*)$') end
      entry = past .. '\n' .. entry
    end
    redis.call('HSET', history, id, entry)
  end
`

/** Values that one command takes from `unpack`: Lua's stack ends near 8,000. */
const CHUNK = 1_000

/**
 * `putBack(ids, holds, isCounted)` puts jobs back at the head of their lines, oldest first, since ids tell their age;
 * `holds` has for each the session and the moment of its claim. `handBack(sessions, isCounted)` does so with all that
 * some sessions hold, and answers how many. Of those in `unheard` no attempt counts. Uses `works`, `remember` and what they use.
 */
export const handBack = lua`
  local function putBack(ids, holds, isCounted, unheard)
    table.sort(ids, function(a, b) return a > b end)
    local lines = {}
    local hasSlots = redis.call('EXISTS', prefix .. 'slots') == 1
    local areRules = redis.call('EXISTS', prefix .. 'limits', prefix .. 'paused') > 0
    local since = prefix .. 'since'
    local cameDue = redis.call('EXISTS', since) == 1
    for from = 1, #ids, ${CHUNK} do
      local to = math.min(from + ${CHUNK} - 1, #ids)
      redis.call('HDEL', active, unpack(ids, from, to))
      redis.call('HDEL', progress, unpack(ids, from, to))
      local records = redis.call('HMGET', jobs, unpack(ids, from, to))
      for n = from, to do
        local id, record = ids[n], records[n - from + 1]
        if hasSlots then works().release(id) end
        local isPlain = true
        if record and isKnown(record) then
          local _, _, options = header(record)
          isPlain = options == '0' and not areRules
        end
        if isPlain then
          redis.call('LPUSH', wait, id)
          -- It was claimed when it came due, without having been in line (\`due.ts\`).
          local claimedAt = holds[id][2]
          if cameDue and redis.call('ZSCORE', since, claimedAt) and not redis.call('ZSCORE', since, id) then
            redis.call('ZADD', since, claimedAt, id)
          end
        else
          local line, priority = works().belongs(id, record)
          works().queueUp(id, line, priority, true)
          lines[#lines + 1] = line
        end
        if isCounted and not (unheard and unheard[id]) then
          local attempt = redis.call('HINCRBY', tries, id, 1)
          remember(id, attempt, holds[id][2], holds[id][1], 'WORKER_LOST', 'its worker was lost')
        end
      end
    end
    -- The oldest comes first in taking turns, too.
    for n = #lines, 1, -1 do works().arrive(lines[n]) end
    if #ids > 0 then
      tidy()
      ring('default')
    end
  end
  local function handBack(sessions, isCounted, unheard)
    local ids, holds = {}, {}
    local held = redis.call('HGETALL', active)
    for i = 1, #held, 2 do
      local session, claimedAt = string.match(held[i + 1], '^(.*)@(%d+)$')
      if session and sessions[session] then
        ids[#ids + 1] = held[i]
        holds[held[i]] = { session, claimedAt }
      end
    end
    putBack(ids, holds, isCounted, unheard)
    if redis.call('EXISTS', prefix .. 'lingering') == 1 then
      for _, id in ipairs(redis.call('HKEYS', prefix .. 'lingering')) do works().unlinger(id, sessions) end
    end
    return #ids
  end
`
