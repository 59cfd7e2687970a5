/**
 * Lua that several scripts share: lines, lanes and the gates that close them.
 *
 * A *line* is where jobs wait: the plain one of a queue, or a lane. A lane stands in `ready` of its queue, by
 * its turn, or is *parked* at the first of its gates that was found closed, by its turn as well. Looking at
 * each of 100,000 tenants whenever one job ends would not do, so a gate that opens calls just the first lane
 * of each queue that is parked at it, and each lane that leaves `ready`, or is served, calls the next one: among the lanes
 * that are open the one with the lowest turn is always in `ready`.
 */
import { PRIORITY_RUN } from '@lovage/core'
import { RECORD_VERSION } from '../record.ts'
import { SPARE_MS } from '../keys.ts'
import { lua } from '../script.ts'

/**
 * Inside `works` (`works.ts`). Uses `header`, `plain`, `ring`, the time, and the keys `jobs`, `tombs`.
 * Defines `placeOf`, `enter`, `leave`, `serve`, `hold`, `release`, `freed` and what they need.
 */
export const lanes = lua`
  local limits, paused, taken, slots = prefix .. 'limits', prefix .. 'paused', prefix .. 'taken', prefix .. 'slots'
  local lanes, turns, turn = prefix .. 'lanes', prefix .. 'turns', prefix .. 'turn'
  local laned = prefix .. 'laned'
  local streaks, diverted, timers = prefix .. 'streaks', prefix .. 'diverted', prefix .. 'timers'
  local freed, stand

  local function isLane(line) return string.find(line, '\n', 1, true) ~= nil end
  local function queueOf(line) return string.match(line, '^[^\n]*') end
  local function laneOf(queue, task, key, isOrdered)
    return queue .. '\n' .. task .. '\n' .. (isOrdered and key ~= '' and 'o' or '-') .. key
  end
  local function gatesOf(lane)
    local task, flag, key = string.match(lane, '^[^\n]*\n([^\n]*)\n(.)(.*)$')
    return 't:' .. task, key ~= '' and 'k:' .. task .. '\n' .. key or nil, flag == 'o'
  end
  -- Who a record is about and where its job waits.
  local function placeOf(record)
    local taskJson, ownerJson, text = header(record)
    local options = text ~= '0' and cjson.decode(text) or {}
    local at = { taskJson = taskJson, task = plain(taskJson), ownerJson = ownerJson, options = options }
    -- As JSON has it a name holds no line feed, which parts the names of lanes and gates.
    at.name = string.sub(taskJson, 2, -2)
    at.head = '[${RECORD_VERSION},' .. taskJson .. ',' .. ownerJson .. ',' .. text .. ','
    if ownerJson ~= 'null' then at.owner = plain(ownerJson) end
    at.queue = options.queue or 'default'
    at.line = options.lane and laneOf(at.queue, at.name, options.lane, options.ordered) or at.queue
    return at
  end

  local rules = {}
  local function ruleOf(gate)
    local field = string.match(gate, '^[^\n]*')
    if rules[field] == nil then
      local text = redis.call('HGET', limits, field)
      rules[field] = text and cjson.decode(text) or false
    end
    return rules[field]
  end
  local isAnyPaused
  local function isPaused(gate)
    if isAnyPaused == nil then isAnyPaused = redis.call('EXISTS', paused) == 1 end
    return isAnyPaused and redis.call('HEXISTS', paused, gate) == 1
  end
  -- The last starts, newest first; of another stretch of time they are others.
  local function startsOf(gate, rule)
    return prefix .. 'starts:' .. string.format('%d', rule.rate.perMs) .. ':' .. gate
  end
  -- Whether a gate is closed and, where that is a matter of time alone, until when.
  local function isClosed(gate, isOrdered)
    if isPaused(gate) then return true end
    local rule = ruleOf(gate)
    local most = rule and rule.concurrency
    if isOrdered and string.sub(gate, 1, 2) == 'k:' then most = 1 end
    if most and tonumber(redis.call('HGET', taken, gate) or 0) >= most then return true end
    if rule and rule.rate then
      local edge = redis.call('LINDEX', startsOf(gate, rule), rule.rate.limit - 1)
      if edge and edge + rule.rate.perMs > nowMs then return true, edge + rule.rate.perMs end
    end
    return false
  end
  local function closeUntil(gate, at)
    if at then redis.call('ZADD', timers, string.format('%d', at), 'g:' .. gate) end
  end

  local function parkedAt(gate, queue) return prefix .. 'parked:' .. queue .. '\n' .. gate end
  local function park(gate, lane, at)
    local queue = queueOf(lane)
    redis.call('ZADD', parkedAt(gate, queue), at, lane)
    redis.call('SADD', prefix .. 'parked:' .. gate, queue)
  end
  local function unpark(gate, lane)
    local queue = queueOf(lane)
    local parked = parkedAt(gate, queue)
    if redis.call('ZREM', parked, lane) == 1 and redis.call('EXISTS', parked) == 0 then
      redis.call('SREM', prefix .. 'parked:' .. gate, queue)
    end
  end

  -- Puts a lane where it belongs. Answers whether it is ready.
  function stand(lane, at)
    local task, key, isOrdered = gatesOf(lane)
    local closed, opensAt = isClosed(task, false)
    local gate = task
    if not closed and key then
      closed, opensAt = isClosed(key, isOrdered)
      gate = key
    end
    if closed then
      park(gate, lane, at)
      closeUntil(gate, opensAt)
      return false
    end
    redis.call('ZADD', prefix .. 'ready:' .. queueOf(lane), at, lane)
    return true
  end
  -- A gate may have opened: of each queue it calls the first lane that is parked at it and can go on.
  function freed(gate)
    local kind = string.sub(gate, 1, 2)
    if kind == 'q:' then return ring(string.sub(gate, 3)) end
    for _, queue in ipairs(redis.call('SMEMBERS', prefix .. 'parked:' .. gate)) do
      local parked = parkedAt(gate, queue)
      -- At a key's gate there are few, ordered ones and others; they differ in what closes it.
      local last = kind == 'k:' and '-1' or '0'
      local first = redis.call('ZRANGE', parked, '0', last, 'WITHSCORES')
      local isCalled = false
      while first[1] and not isCalled do
        for n = 1, #first, 2 do
          local lane = first[n]
          local _, _, isOrdered = gatesOf(lane)
          local closed, opensAt = isClosed(gate, isOrdered)
          if closed then
            closeUntil(gate, opensAt)
            isCalled = true
          else
            unpark(gate, lane)
            if stand(lane, first[n + 1]) then
              ring(queue)
              isCalled = true
            end
          end
        end
        if kind == 'k:' then break end
        first = redis.call('ZRANGE', parked, '0', '0', 'WITHSCORES')
      end
    end
  end
  local function callNext(lane)
    local task, key = gatesOf(lane)
    freed(task)
    if key then freed(key) end
  end
  local function forget(lane)
    redis.call('HDEL', lanes, lane)
    redis.call('HDEL', streaks, lane)
    local waiting = prefix .. 'wait:' .. lane
    -- What is left in it are tombstones.
    for _, id in ipairs(redis.call('LRANGE', waiting, '0', '-1')) do redis.call('HDEL', tombs, id) end
    redis.call('DEL', waiting)
    local task, key = gatesOf(lane)
    unpark(task, lane)
    if key then unpark(key, lane) end
    if redis.call('ZREM', prefix .. 'ready:' .. queueOf(lane), lane) == 1 then callNext(lane) end
  end

  local function queueUp(id, line, priority, isHead)
    if priority then redis.call('ZADD', prefix .. 'prio:' .. line, -priority, id)
    else redis.call(isHead and 'LPUSH' or 'RPUSH', prefix .. 'wait:' .. line, id) end
  end
  -- One more waits in a line.
  local function arrive(line)
    if not isLane(line) then
      if line ~= 'default' then redis.call('SADD', prefix .. 'queues', line) end
      return ring(line)
    end
    redis.call('HINCRBY', laned, queueOf(line), 1)
    if redis.call('HINCRBY', lanes, line, 1) == 1 then
      if stand(line, redis.call('INCR', turn)) then ring(queueOf(line)) end
    end
  end
  local function enter(id, line, priority, isHead)
    queueUp(id, line, priority, isHead)
    arrive(line)
  end
  local function isFewer(lane)
    if redis.call('HINCRBY', laned, queueOf(lane), -1) <= 0 then redis.call('HDEL', laned, queueOf(lane)) end
    if redis.call('HINCRBY', lanes, lane, -1) <= 0 then
      forget(lane)
      return true
    end
  end
  -- Takes a waiting job out of its line, which keeps a tombstone: finding it there would cost a walk along it.
  local function leave(id, at)
    local line = redis.call('HGET', diverted, id)
    if line then redis.call('HDEL', diverted, id)
    else line = at.line end
    if at.options.priority then redis.call('ZREM', prefix .. 'prio:' .. line, id)
    else redis.call('HSET', tombs, id, line) end
    if isLane(line) then isFewer(line) end
  end

  -- How many tombstones and diverted jobs one call passes; what is left wakes the next one.
  local budget = 1000
  local deferred = 0
  local areRules
  -- A job in the plain line whose task has a limit or a pause belongs into the lane of its task.
  local function isStray(record)
    if areRules == nil then areRules = redis.call('EXISTS', limits, paused) > 0 end
    if not areRules then return false end
    local gate = 't:' .. string.sub((header(record)), 2, -2)
    return ruleOf(gate) or isPaused(gate)
  end
  -- Where a job belongs that leaves the plain line, or comes back from a worker: its line and its priority.
  local function belongs(id, record)
    local at = placeOf(record)
    if isLane(at.line) or not isStray(record) then return at.line, at.options.priority end
    local lane = laneOf(at.queue, at.name, '', false)
    redis.call('HSET', diverted, id, lane)
    return lane, at.options.priority
  end
  -- The next job of a line.
  local function takeOne(line)
    local waiting, urgent = prefix .. 'wait:' .. line, prefix .. 'prio:' .. line
    local isUrgent = redis.call('EXISTS', urgent) == 1
    local streak = isUrgent and tonumber(redis.call('HGET', streaks, line) or 0) or 0
    while budget > 0 do
      local id
      local hadPriority = false
      if isUrgent and streak < ${PRIORITY_RUN} then
        id = redis.call('ZPOPMIN', urgent)[1]
        hadPriority = id ~= nil
        isUrgent = hadPriority
      end
      if not id then id = redis.call('LPOP', waiting) end
      if not id and isUrgent then
        id = redis.call('ZPOPMIN', urgent)[1]
        hadPriority = id ~= nil
      end
      if not id then return end
      local record = redis.call('HGET', jobs, id)
      if not record then
        budget = budget - 1
        redis.call('HDEL', tombs, id)
      elseif not isKnown(record) then
        budget = budget - 1
        redis.call('ZADD', later, nowMs + W.deferMs, id)
        deferred = deferred + 1
        if isLane(line) and isFewer(line) then return end
      elseif not isLane(line) and isStray(record) then
        budget = budget - 1
        enter(id, belongs(id, record))
      else
        if hadPriority then redis.call('HINCRBY', streaks, line, 1)
        else redis.call('HDEL', streaks, line) end
        return id, record
      end
    end
  end

  -- A claimed job takes its place at the gates.
  local function hold(id, line, queue)
    local gates = {}
    if ruleOf('q:' .. queue) then gates[1] = 'q:' .. queue end
    local isOrdered
    if isLane(line) then
      local task, key
      task, key, isOrdered = gatesOf(line)
      gates[#gates + 1] = task
      gates[#gates + 1] = key
    end
    if #gates == 0 then return end
    for _, gate in ipairs(gates) do
      redis.call('HINCRBY', taken, gate, 1)
      local rule = ruleOf(gate)
      if rule and rule.rate then
        local starts = startsOf(gate, rule)
        redis.call('LPUSH', starts, nowText)
        redis.call('PEXPIRE', starts, rule.rate.perMs + ${SPARE_MS})
        while redis.call('LINDEX', starts, '-1') + rule.rate.perMs <= nowMs do redis.call('RPOP', starts) end
      end
    end
    redis.call('HSET', slots, id, cjson.encode({ gates = gates, ordered = isOrdered }))
  end
  -- Gives back the places that a text names; what is to be kept stays written down for the job.
  local function giveBack(text, id, isRetried)
    local slot = cjson.decode(text)
    local kept
    for _, gate in ipairs(slot.gates) do
      if isRetried and slot.ordered and string.sub(gate, 1, 2) == 'k:' then kept = gate
      elseif redis.call('HINCRBY', taken, gate, -1) <= 0 then redis.call('HDEL', taken, gate) end
    end
    if kept then redis.call('HSET', slots, id, cjson.encode({ gates = { kept }, ordered = true })) end
    for _, gate in ipairs(slot.gates) do
      if gate ~= kept then freed(gate) end
    end
  end
  -- Gives a job's places back; an ordered one that will be retried keeps its key's.
  local function release(id, isRetried)
    local text = redis.call('HGET', slots, id)
    if not text then return end
    redis.call('HDEL', slots, id)
    giveBack(text, id, isRetried)
  end

  -- Whether a queue is shut as a whole.
  local function isShut(queue)
    local gate = 'q:' .. queue
    if isPaused(gate) then return true end
    if not ruleOf(gate) then return false end
    local closed, opensAt = isClosed(gate, false)
    if closed then closeUntil(gate, opensAt) end
    return closed
  end
  -- Whether the plain line of a queue is all that can be taken from, and freely.
  local isAmongLanes
  local function isPlain(queue)
    isAmongLanes = redis.call('EXISTS', lanes) == 1
    return redis.call('EXISTS', prefix .. 'ready:' .. queue) == 0 and not ruleOf('q:' .. queue)
      and not isPaused('q:' .. queue)
  end
  local function turned(queue)
    if isAmongLanes then redis.call('HSET', turns, queue, redis.call('INCR', turn)) end
  end
  -- Some without a priority were taken from the plain line of a queue, many at once.
  local function servedPlain(queue)
    redis.call('HDEL', streaks, queue)
    turned(queue)
  end
  -- Whether something of a queue could be claimed still.
  local function isLeft(queue)
    return redis.call('EXISTS', prefix .. 'wait:' .. queue, prefix .. 'prio:' .. queue, prefix .. 'ready:' .. queue) > 0
      and not isShut(queue)
  end

  -- One job of a queue, from the line whose turn it is: its id, record and line.
  local function serve(queue)
    if isShut(queue) then return end
    local ready = prefix .. 'ready:' .. queue
    isAmongLanes = redis.call('EXISTS', lanes) == 1
    local plainTurn = isAmongLanes and tonumber(redis.call('HGET', turns, queue) or 0) or 0
    local isPlainDone = false
    while budget > 0 do
      local first = redis.call('ZRANGE', ready, '0', '0', 'WITHSCORES')
      local lane, at = first[1], tonumber(first[2])
      if not isPlainDone and (not lane or plainTurn < at) then
        local id, record = takeOne(queue)
        if id then
          turned(queue)
          hold(id, queue, queue)
          return id, record
        end
        isPlainDone = true
      elseif lane then
        budget = budget - 1
        redis.call('ZREM', ready, lane)
        if stand(lane, at) then
          local id, record = takeOne(lane)
          if id then
            budget = budget + 1
            redis.call('HDEL', diverted, id)
            if not isFewer(lane) then redis.call('ZADD', ready, redis.call('INCR', turn), lane) end
            hold(id, lane, queue)
            callNext(lane)
            return id, record
          end
        else
          callNext(lane)
        end
      else
        return
      end
    end
  end
`
