local redis, string, ARGV = redis, string, ARGV
local now, streamMaxLen, prefix, resultsMax, failedMaxAgeMs = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local jobs, wait, tombs, later, retry, active, workers, tries, progress, outcomes, tail, held = prefix .. 'jobs', prefix .. 'wait:default', prefix .. 'tombs', prefix .. 'later', prefix .. 'retry', prefix .. 'active', prefix .. 'workers', prefix .. 'tries', prefix .. 'progress', prefix .. 'outcomes', prefix .. 'tail', prefix .. 'held'
local items = 5
local function body()
local nowMs, nowText = tonumber(now), nil
if nowMs then
  nowText = string.format('%d', nowMs)
else
  -- As text, which costs less than numbers do: seconds, and microseconds without zeros before them.
  local clock = redis.call('TIME')
  nowText = clock[1] .. string.sub('00000' .. clock[2], -6, -4)
  nowMs = tonumber(nowText)
end
-- Most enqueues write no notice: they are spared the calendar and the place.
local moment, newest, seq, sealed
local function stamp()
  if not moment then
    do
  local floor = math.floor
  local days = floor(nowMs / 86400000)
  local rest = nowMs - days * 86400000
  local shifted = days + 719468
  local era = floor(shifted / 146097)
  local doe = shifted - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local march = floor((5 * doy + 2) / 153)
  local day = doy - floor((153 * march + 2) / 5) + 1
  local month = march < 10 and march + 3 or march - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  moment = string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, day, floor(rest / 3600000),
    floor(rest / 60000) % 60, floor(rest / 1000) % 60, rest % 1000)
end
  end
  return moment
end
local function open()
  newest, seq = string.match(redis.call('GET', tail) or '0-0.0', '^(.+)%.(%d+)$')
seq = tonumber(seq)
sealed = seq
end
local function place()
  if not seq then open() end
  return newest .. '.' .. string.format('%d', seq)
end
local function seal()
  if not seq or seq == sealed then return end
  redis.call('SET', tail, newest .. '.' .. string.format('%d', seq))
-- A node of the stream is trimmed as a whole, so that most of the looks would be for nothing.
local every = math.min(100, math.ceil(streamMaxLen / 100))
if math.floor(seq / every) ~= math.floor(sealed / every) then
  local how, most = 'MAXLEN', streamMaxLen
local heldId, heldSeq, cap = string.match(redis.call('GET', held) or '', '^(%S+) (%d+) (%d+)$')
if heldSeq then
  local waiting = seq - heldSeq
  if waiting > tonumber(cap) then most = cap
  elseif waiting > tonumber(streamMaxLen) then how, most = 'MINID', heldId end
end
redis.call('XTRIM', outcomes, how, '~', most)
end
end
local function append(id, task, status, label, value, ...)
  if not seq then open() end
  seq = seq + 1
  newest = redis.call('XADD', outcomes, '*',
    'task_id', id, 'task_name', task, 'status', status, 'timestamp', moment or stamp(), label, value,
    'seq', seq, ...)
end
local function isKnown(record)
  return string.find(record, '[1,', 1, true) == 1
end
-- The JSON text that begins at a place, and the place after the comma behind it.
local function textAt(record, at)
  local text, rest = string.match(record, '^("[^"\\]*"),()', at)
  if text then return text, rest end
  if string.sub(record, at, at) ~= '"' then return string.match(record, '^(null),()', at) end
  local from = at + 1
  while true do
    local found = string.find(record, '["\\]', from)
    if not found then return end
    if string.sub(record, found, found) == '"' then return string.sub(record, at, found), found + 2 end
    from = found + 2
  end
end
local function header(record)
  local task, at = textAt(record, 4)
  if not task then return '"?"', 'null', '0' end
  local owner, rest = textAt(record, at)
  if not owner then return task, 'null', '0' end
  return task, owner, string.match(record, '^%b{}', rest) or '0'
end
-- A quote within a text is escaped: only a name can stand so.
local function traceOf(options) return string.match(options, '"trace":"([%x-]+)"') end
local function aboutOf(owner, trace)
  local fields = owner and { 'owner', owner } or {}
  if trace then
    fields[#fields + 1] = 'trace'
    fields[#fields + 1] = trace
  end
  return fields
end
local function plain(json)
  if not string.find(json, '\\', 1, true) then return string.sub(json, 2, -2) end
  return cjson.decode('[' .. json .. ']')[1]
end
local function ring(queue)
  local wake = prefix .. 'wake:' .. queue
  if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
end
local function tidy()
  if redis.call('HLEN', active) == 1 then redis.call('HDEL', active, '_') end
end
local counted, countedCount = {}, 0
local function countResult(id)
  countedCount = countedCount + 1
  counted[countedCount] = id
end
local function boundResults()
  if countedCount == 0 or resultsMax == '0' then return end
  local results, length = prefix .. 'results', 0
for from = 1, countedCount, 1000 do
  length = redis.call('RPUSH', results, unpack(counted, from, math.min(from + 999, countedCount)))
end
local excess = math.min(length - resultsMax, 2 * countedCount)
while excess > 0 do
  local old = redis.call('LPOP', results, math.min(excess, 1000))
  for n = 1, #old do old[n] = prefix .. 'r:' .. old[n] end
  redis.call('UNLINK', unpack(old))
  excess = excess - #old
end
if math.floor(length / 10) ~= math.floor((length - countedCount) / 10)
  and redis.call('EXISTS', prefix .. 'r:' .. redis.call('LRANGE', results, '0', '0')[1]) == 0 then
  local heads = redis.call('LRANGE', results, 0, 2 * math.max(countedCount, 10))
  local gone = 0
  while gone < #heads and redis.call('EXISTS', prefix .. 'r:' .. heads[gone + 1]) == 0 do gone = gone + 1 end
  if gone > 0 then redis.call('LTRIM', results, gone, '-1') end
end
end
local W
local function works()
  if W then return W end
  W = { deferMs = 0 }
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
  at.head = '[1,' .. taskJson .. ',' .. ownerJson .. ',' .. text .. ','
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
    if isUrgent and streak < 3 then
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
      redis.call('PEXPIRE', starts, rule.rate.perMs + 60000)
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
  local ends, alone, flows, lingering = prefix .. 'ends', prefix .. 'alone', prefix .. 'flows', prefix .. 'lingering'
local history = prefix .. 'history'
local shownOptions = { 'queue', 'priority', 'lane', 'tags', 'metadata', 'retryOf' }
local cancelOne, ended

-- Attempts before the last one, as they stand in an outcome.
local function pastOf(id)
  local past = redis.call('HGET', history, id)
  return past and ',"history":[' .. string.gsub(past, '\n', ',') .. ']' or ''
end
local function keep(id, at, ttlMs, head, attempt, startedAt)
  if not ttlMs or ttlMs <= 0 then return end
  local document = head .. pastOf(id) .. ',"task":' .. at.taskJson
  if at.owner then document = document .. ',"owner":' .. at.ownerJson end
  if at.options.trace then document = document .. ',"trace":"' .. at.options.trace .. '"' end
  if attempt ~= 1 then document = document .. ',"attempt":' .. attempt end
  local asked = {}
  for _, name in ipairs(shownOptions) do asked[name] = at.options[name] end
  if next(asked) then document = document .. ',"options":' .. cjson.encode(asked) end
  if startedAt then document = document .. ',"started":' .. startedAt end
  document = document .. ',"date_done":"' .. stamp() .. '"}'
  redis.call('SET', prefix .. 'r:' .. id, document, 'PX', string.format('%d', ttlMs))
  countResult(id)
end
local function tell(id, at, status, label, value, ...)
  local more = { ... }
  for _, field in ipairs(aboutOf(at.owner, at.options.trace)) do more[#more + 1] = field end
  append(id, at.task, status, label, value, unpack(more))
end
local function wipe(id)
  redis.call('HDEL', jobs, id)
  redis.call('HDEL', tries, id)
  redis.call('HDEL', history, id)
end
local function childrenOf(id)
  local children = redis.call('ZRANGE', prefix .. 'kids:' .. id, '0', '-1')
  redis.call('HDEL', flows, id)
  redis.call('DEL', prefix .. 'kids:' .. id, prefix .. 'parts:' .. id)
  return children
end
local function cancelAll(parent, ids, by, reason, ttlMs)
  for _, id in ipairs(ids) do
    local record = redis.call('HGET', jobs, id)
    local todo = record and redis.call('HGET', ends, id)
    local up = todo and cjson.decode(todo).parent
    -- The child may have ended, and its id live again elsewhere.
    if up and up.id == parent then cancelOne(id, placeOf(record), by, reason, ttlMs, true) end
  end
end

local function failParent(id, at, message)
  wipe(id)
  local children = childrenOf(id)
  local name = 'DEPENDENCY_FAILED'
  local head = '{"status":"FAILURE","error":{"name":"' .. name .. '","message":' .. cjson.encode(message) .. '}'
  keep(id, at, at.options.ttlMs, head, 0)
  tell(id, at, 'FAILURE', 'error', message, 'error_name', name, 'attempt', '0')
  cancelAll(id, children, nil, 'another job of its flow did not succeed')
  ended(id, at, 'failed', name, message)
end
-- All parts are there: the parent runs with them, or they are its result.
local function complete(id, at, flow, record)
  local jsons, metas, wholeMeta = {}, {}, nil
  local parts = prefix .. 'parts:' .. id
  for n = 1, flow.children do
    local text = redis.call('HGET', parts, n - 1)
    local kind = string.sub(text, 1, 1)
    local border = string.find(text, '\n', 1, true)
    local json = string.sub(text, 2, (border or 0) - 1)
    local path = flow.input == 'list' and tostring(n - 1) or ''
    if kind == 'k' then
      json = '{"ok":true,"value":' .. json .. '}'
      path = path .. (path == '' and '' or '.') .. 'value'
    elseif kind == 'e' then
      json = '{"ok":false,"error":' .. json .. '}'
    end
    jsons[n] = json
    if border and path == '' then wholeMeta = string.sub(text, border + 1)
    elseif border then metas[#metas + 1] = '[' .. cjson.encode(path) .. ',' .. string.sub(text, border + 1) .. ']' end
  end
  local value = flow.input == 'list' and '[' .. table.concat(jsons, ',') .. ']' or jsons[1]
  local meta = #metas > 0 and '{"parts":[' .. table.concat(metas, ',') .. ']}' or wholeMeta
  childrenOf(id)
  if not flow.isGroup then
    redis.call('HSET', jobs, id, at.head .. value .. (meta and ',\n' .. meta or '') .. ']')
    return enter(id, at.line, at.options.priority)
  end
  wipe(id)
  local head = '{"status":"SUCCESS","result":' .. value .. (meta and ',"meta":' .. meta or '')
  keep(id, at, at.options.ttlMs, head, 0)
  if #value > 4096 then tell(id, at, 'SUCCESS', 'ref', prefix .. 'r:' .. id, 'attempt', '0')
  elseif meta then tell(id, at, 'SUCCESS', 'result', value, 'meta', meta, 'attempt', '0')
  else tell(id, at, 'SUCCESS', 'result', value, 'attempt', '0') end
  ended(id, at, 'succeeded', value, meta)
end
local function tellParent(up, id, task, how, first, second)
  local text = redis.call('HGET', flows, up.id)
  local record = text and redis.call('HGET', jobs, up.id)
  if not record then return end
  local at = placeOf(record)
  local isKept = up.onFailure == 'keep'
  if how ~= 'succeeded' and not isKept then
    local why = 'Job ' .. id .. ' of task "' .. task .. '" '
    if how == 'failed' then why = why .. 'failed: ' .. first .. ': ' .. second
    elseif how == 'cancelled' then why = why .. 'was cancelled' .. (first and first ~= '' and ': ' .. first or '')
    else why = why .. 'expired' end
    return failParent(up.id, at, why)
  end
  local part
  if how == 'succeeded' then
    part = (isKept and 'k' or 'v') .. first .. (second and '\n' .. second or '')
  else
    local name, message = 'JOB_EXPIRED', ''
    if how == 'failed' then name, message = first, second
    elseif how == 'cancelled' then name, message = 'JOB_CANCELLED', first or '' end
    part = 'e{"name":' .. cjson.encode(name) .. ',"message":' .. cjson.encode(message) .. '}'
  end
  redis.call('HSET', prefix .. 'parts:' .. up.id, up.part, part)
  local flow = cjson.decode(text)
  flow.done = flow.done + 1
  if flow.input == 'list' then
    tell(up.id, at, 'PROGRESS', 'result', '{"done":' .. flow.done .. ',"total":' .. flow.children .. '}')
  end
  if flow.done == flow.children then return complete(up.id, at, flow, record) end
  redis.call('HSET', flows, up.id, cjson.encode(flow))
end

-- What ends with a job, by how it ended: succeeded (JSON, meta), failed (name, message), cancelled (reason), expired.
function ended(id, at, how, first, second, isQuiet)
  local text = redis.call('HGET', ends, id)
  if not text then return end
  redis.call('HDEL', ends, id)
  local todo = cjson.decode(text)
  for _, name in ipairs(todo.names or {}) do
    if string.match(redis.call('HGET', alone, name) or '', '^[^\n]*') == id then redis.call('HDEL', alone, name) end
  end
  if todo.expires then redis.call('ZREM', timers, 'x:' .. id) end
  if todo.parent and not isQuiet then tellParent(todo.parent, id, at.task, how, first, second) end
end

-- Takes a job that waits, wherever it does, out of there. Answers the jobs that it waited for.
local function unplace(id, at)
  if redis.call('ZREM', later, id) == 1 then
    redis.call('SREM', retry, id)
    release(id)
  elseif redis.call('HEXISTS', flows, id) == 1 then
    return childrenOf(id)
  else
    leave(id, at)
  end
  return {}
end

-- Its handler runs still, and limits count it until the session says otherwise. One id may do so more than once.
local function linger(id, at, session)
  local text = redis.call('HGET', lingering, id)
  local all = text and cjson.decode(text) or {}
  all[#all + 1] = {
    session = session,
    lane = laneOf(at.queue, at.name, at.options.lane or '', at.options.ordered),
    slot = redis.call('HGET', slots, id) or nil,
  }
  redis.call('HSET', lingering, id, cjson.encode(all))
  redis.call('HDEL', slots, id)
end
-- The handlers of a cancelled job that some sessions ran have ended, or these sessions have.
local function unlinger(id, sessions)
  local text = redis.call('HGET', lingering, id)
  if not text then return end
  local left, gone = {}, {}
  for _, one in ipairs(cjson.decode(text)) do
    if not sessions[one.session] then left[#left + 1] = one
    elseif one.slot then gone[#gone + 1] = one.slot end
  end
  if #left == 0 then redis.call('HDEL', lingering, id)
  else redis.call('HSET', lingering, id, cjson.encode(left)) end
  for _, slot in ipairs(gone) do giveBack(slot, id) end
end

-- Ends a live job. Answers the place of its notice.
function cancelOne(id, at, by, reason, ttlMs, isQuiet)
  local attempt = tonumber(redis.call('HGET', tries, id) or 0)
  local session, claimedAt = string.match(redis.call('HGET', active, id) or '', '^(.*)@(%d+)$')
  local children = {}
  if session then
    attempt = attempt + 1
    redis.call('HDEL', active, id)
    tidy()
    redis.call('HDEL', progress, id)
    if redis.call('ZSCORE', workers, session) then
      local told = '{"id":' .. cjson.encode(id) .. ',"by":' .. (by and cjson.encode(by) or 'null')
        .. ',"reason":' .. (reason and cjson.encode(reason) or 'null') .. '}'
      local key = prefix .. 'ctl:' .. session
redis.call('RPUSH', key, told)
redis.call('PEXPIRE', key, 300000)
      linger(id, at, session)
    else
      release(id)
    end
  else
    children = unplace(id, at)
  end
  local head = '{"status":"REVOKED"' .. (by and ',"by":' .. cjson.encode(by) or '')
    .. (reason and ',"reason":' .. cjson.encode(reason) or '')
  local kept = ttlMs or at.options.ttlMs
  keep(id, at, kept, head, attempt, claimedAt)
  wipe(id)
  local more = {}
  if by then more = { 'by', by } end
  if reason then
    more[#more + 1] = 'reason'
    more[#more + 1] = reason
  end
  tell(id, at, 'REVOKED', 'attempt', attempt, unpack(more))
  local cursor = place()
  cancelAll(id, children, by, reason, ttlMs)
  ended(id, at, 'cancelled', reason, nil, isQuiet)
  return cursor
end

-- Ends a job that was not started in time.
local function expire(id)
  local record = redis.call('HGET', jobs, id)
  if not record or redis.call('HEXISTS', active, id) == 1 or redis.call('HEXISTS', tries, id) == 1 then return end
  local at = placeOf(record)
  local children = unplace(id, at)
  keep(id, at, at.options.ttlMs, '{"status":"EXPIRED"', 0)
  wipe(id)
  tell(id, at, 'EXPIRED', 'attempt', '0')
  cancelAll(id, children, nil, 'its flow expired')
  ended(id, at, 'expired')
end

W.placeOf, W.laneOf, W.gatesOf, W.isLane, W.queueOf = placeOf, laneOf, gatesOf, isLane, queueOf
W.queueUp, W.arrive, W.complete, W.belongs = queueUp, arrive, complete, belongs
W.ruleOf, W.freed, W.enter, W.leave, W.serve, W.hold, W.release = ruleOf, freed, enter, leave, serve, hold, release
W.cancelOne, W.expire, W.ended, W.pastOf, W.unlinger = cancelOne, expire, ended, pastOf, unlinger
W.budget = function() return budget, deferred end
W.isStray, W.isPlain, W.isLeft, W.servedPlain = isStray, isPlain, isLeft, servedPlain
  return W
end
local function unindex(id, tags)
  for _, tag in ipairs(tags or {}) do redis.call('ZREM', prefix .. 'tag:' .. tag, id) end
end
local function index(id, tags, since)
  for _, tag in ipairs(tags or {}) do
    local key = prefix .. 'tag:' .. tag
    for _, old in ipairs(redis.call('ZRANGE', key, '0', '1')) do
      if redis.call('HEXISTS', jobs, old) == 0 and redis.call('EXISTS', prefix .. 'r:' .. old) == 0
        and redis.call('HEXISTS', prefix .. 'dead', old) == 0 then
        redis.call('ZREM', key, old)
      end
    end
    redis.call('ZADD', key, since, id)
    redis.call('PEXPIRE', key, '2592000000')
  end
end
local function setLast(id, at)
  redis.call('SET', prefix .. 'last:' .. at.task .. '\n' .. (at.owner or ''), id, 'PX', '2592000000')
end
-- When it expires and what ends with it; what was said before of an expiry no longer holds.
local function setEnds(id, at, todo, expiresMs)
  local timers, timer = prefix .. 'timers', 'x:' .. id
  todo.expires = expiresMs and true or nil
  if expiresMs then
    redis.call('ZADD', timers, string.format('%d', nowMs + expiresMs), timer)
    ring(at.queue)
  else
    redis.call('ZREM', timers, timer)
  end
  if next(todo) then redis.call('HSET', prefix .. 'ends', id, cjson.encode(todo))
  else redis.call('HDEL', prefix .. 'ends', id) end
end

local function putSpecial(id, record, more)
  local W = works()
  local at = W.placeOf(record)
  local tags = at.options.tags
  local alone = prefix .. 'alone'
  local todo = {}
  local startAt = more.runAt or nowMs + more.delayMs

  local up = more.parent
  if up then
    local kids = prefix .. 'kids:' .. up.id
    local flow = redis.call('HGET', prefix .. 'flows', up.id)
    local isAwaited = flow and up.part < cjson.decode(flow).children
      and redis.call('ZCOUNT', kids, up.part, up.part) == 0
    if not isAwaited then return up.id, true end
  end
  for _, rule in ipairs(more.unique or {}) do
    if rule.type == 'once' then
      local other, til = string.match(redis.call('GET', prefix .. 'once:' .. rule.name) or '', '^([^\n]*)\n(%d+)$')
      if other and nowMs < tonumber(til) then return other end
    else
      local name = (rule.type == 'alone' and 'a:' or 'd:') .. rule.name
      local other, since = string.match(redis.call('HGET', alone, name) or '', '^([^\n]*)\n(.*)$')
      local busy = other and redis.call('HGET', jobs, other)
      if busy then
        if rule.type == 'debounce' then
          if redis.call('ZSCORE', later, other) and redis.call('HEXISTS', tries, other) == 0 then
            unindex(other, W.placeOf(busy).options.tags)
            redis.call('HSET', jobs, other, record)
            redis.call('ZADD', later, math.min(startAt, since + rule.maxWaitMs), other)
            local kept = redis.call('HGET', prefix .. 'ends', other)
            setEnds(other, at, kept and cjson.decode(kept) or {}, more.expiresMs)
            index(other, tags, since)
            if more.isLast then setLast(other, at) end
            ring(at.queue)
            return other
          end
        elseif rule.onBusy == 'reject' then return other, true
        elseif rule.onBusy == 'return' then return other
        else
          W.cancelOne(other, W.placeOf(busy), nil, 'replaced by ' .. id, rule.ttlMs)
        end
      end
    end
  end
  for _, rule in ipairs(more.unique or {}) do
    if rule.type == 'once' then
      local til = string.format('%d', nowMs + rule.windowMs)
      redis.call('SET', prefix .. 'once:' .. rule.name, id .. '\n' .. til, 'PX', rule.windowMs + 60000)
    else
      local name = (rule.type == 'alone' and 'a:' or 'd:') .. rule.name
      redis.call('HSET', alone, name, id .. '\n' .. nowText)
      todo.names = todo.names or {}
      todo.names[#todo.names + 1] = name
    end
  end

  redis.call('HSET', jobs, id, record)
  if up then
    todo.parent = { id = up.id, part = up.part, onFailure = up.onFailure }
    -- A job that this one replaced may have been the parent, or have taken it along.
    if redis.call('HEXISTS', prefix .. 'flows', up.id) == 1 then
      redis.call('ZADD', prefix .. 'kids:' .. up.id, up.part, id)
    end
  end
  if more.expiresMs or next(todo) then setEnds(id, at, todo, more.expiresMs) end
  if more.waits then
    local waits = more.waits
    redis.call('HSET', prefix .. 'flows', id,
      cjson.encode({ children = waits.children, input = waits.input, isGroup = waits.isGroup, done = 0 }))
  elseif startAt > nowMs then
    redis.call('ZADD', later, startAt, id)
    ring(at.queue)
  else
    W.enter(id, at.line, at.options.priority)
  end
  index(id, tags, nowText)
  if more.isLast then setLast(id, at) end
  if more.announce then
    append(id, at.task, 'PENDING', 'attempt', 0, unpack(aboutOf(at.owner, at.options.trace)))
  end
  if more.waits and more.waits.children == 0 then
    W.complete(id, at, { children = 0, input = more.waits.input, isGroup = more.waits.isGroup }, record)
  end
end
local function buried(id)
  local failedAt = redis.call('ZSCORE', prefix .. 'failed', id)
  if not failedAt or failedAt + failedMaxAgeMs <= nowMs then return end
  local kept = redis.call('HGET', prefix .. 'dead', id)
  if kept then return string.match(kept, '^([^\n]*)\n(.*)$') end
end
local retried = {}
for n = items + 1, #ARGV, 2 do
  local id, newId = ARGV[n], ARGV[n + 1]
  local _, record = buried(id)
  local isTaken = redis.call('HEXISTS', jobs, newId) == 1 or redis.call('EXISTS', prefix .. 'r:' .. newId) == 1
  if record and isKnown(record) and not isTaken then
    local _, _, options = header(record)
    local at = works().placeOf(record)
    local rest = string.sub(record, #at.head + 1)
    local of = '"retryOf":' .. cjson.encode(id)
    local kept = options == '0' and '' or string.sub(options, 2, -2)
    kept = string.gsub(string.gsub(kept, ',?"retryOf":"[^"]*"', ''), '^,', '')
    options = '{' .. kept .. (kept ~= '' and ',' or '') .. of .. '}'
    redis.call('HDEL', prefix .. 'dead', id)
    redis.call('ZREM', prefix .. 'failed', id)
    local grave = redis.call('HGET', tombs, newId)
if grave then
  redis.call('HDEL', tombs, newId)
  redis.call('LREM', prefix .. 'wait:' .. grave, 0, newId)
end
    redis.call('HSET', jobs, newId, '[1,' .. at.taskJson .. ',' .. at.ownerJson .. ',' .. options .. ',' .. rest)
    works().enter(newId, at.line, at.options.priority)
    index(newId, at.options.tags, nowText)
    retried[#retried + 1] = id
  end
end
return { 'retried', unpack(retried) }
end
return body()
