local ARGV = ARGV
do
  local redis, string = redis, string
  local id, value, session, claimedAt, idleSlots, marks, queue, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[11], ARGV[12], ARGV[13], ARGV[14]
  if not queue or queue == '' then queue = 'default' end
  local hold = session .. '@' .. claimedAt
  local jobs = KEYS[1]
  local prefix = string.sub(jobs, 1, -5)
  local active = prefix .. 'active'
  local odd = redis.call('EXISTS', prefix .. 'wait:' .. queue, prefix .. 'prio:' .. queue,
    prefix .. 'later', prefix .. 'timers', prefix .. 'ends', prefix .. 'slots', prefix .. 'lanes')
  local nextDue
  if odd > 0 then
    nextDue = redis.call('ZRANGE', prefix .. 'later', '0', '0', 'WITHSCORES')[2]
    local nextClock = redis.call('ZRANGE', prefix .. 'timers', '0', '0', 'WITHSCORES')[2]
    odd = odd - (nextDue and 1 or 0) - (nextClock and 1 or 0)
    if nextClock and (not nextDue or tonumber(nextClock) < tonumber(nextDue)) then nextDue = nextClock end
  end
  if odd == 0 and #value <= 4096 and redis.call('HGET', active, id) == hold then
    local place = redis.call('GET', prefix .. 'tail')
    local seq = place and string.match(place, '%.(%d+)$') + 1 or 1
    local nowMs, nowText = tonumber(now), nil
if nowMs then
  nowText = string.format('%d', nowMs)
else
  -- As text, which costs less than numbers do: seconds, and microseconds without zeros before them.
  local clock = redis.call('TIME')
  nowText = clock[1] .. string.sub('00000' .. clock[2], -6, -4)
  nowMs = tonumber(nowText)
end
    if not nextDue or tonumber(nextDue) > nowMs then
      local task, document, second = ARGV[5], ARGV[7], ARGV[9]
      local moment
      if string.sub(second, 1, 10) == string.sub(nowText, 1, -4) then
  moment = string.sub(second, 11) .. string.sub(nowText, -3) .. 'Z'
else
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
      -- The first write is one that a full server lets through, and with it the others (\`full.ts\`).
      redis.call('HDEL', prefix .. 'progress', id)
      local ms, resultsMax = ARGV[6], ARGV[8]
      local document = document .. moment .. '"}'
      local more, json, fields, kept
      if marks and marks ~= '' then
        more = {}
local attempt, trace, owner = string.match(marks, '^(%d*)~?([%x-]*)(.*)$')
if owner ~= '' then more[1], more[2] = 'owner', string.sub(owner, 2) end
if attempt ~= '' then more[#more + 1], more[#more + 2] = 'attempt', attempt end
if trace ~= '' then more[#more + 1], more[#more + 2] = 'trace', trace end
      end
      json, fields = value, more
local border = string.find(value, '\n', 1, true)
if border then
  local meta = string.sub(value, border + 1)
  json, fields = string.sub(value, 1, border - 1), { 'meta', meta, unpack(more or {}) }
  kept = '{"status":"SUCCESS","result":' .. json .. ',"meta":' .. meta .. document
else
  kept = '{"status":"SUCCESS","result":' .. json .. document
end
      if ms ~= '0' then redis.call('PSETEX', prefix .. 'r:' .. id, ms, kept) end
      local outcomes, seqText = prefix .. 'outcomes', string.format('%d', seq)
      local newest
      if fields then
  newest = redis.call('XADD', outcomes, '*', 'task_id', id, 'task_name', task, 'status', 'SUCCESS',
    'timestamp', moment, 'result', json, 'seq', seqText, unpack(fields))
else
  newest = redis.call('XADD', outcomes, '*', 'task_id', id, 'task_name', task, 'status', 'SUCCESS',
    'timestamp', moment, 'result', json, 'seq', seqText)
end
      redis.call('HDEL', active, id)
      redis.call('HDEL', jobs, id)
      redis.call('SET', prefix .. 'tail', newest .. '.' .. seqText)
      if seq % 100 == 0 then
        local held, streamMaxLen = prefix .. 'held', string.match(ARGV[10], '^%S+')
        local how, most = 'MAXLEN', streamMaxLen
local heldId, heldSeq, cap = string.match(redis.call('GET', held) or '', '^(%S+) (%d+) (%d+)$')
if heldSeq then
  local waiting = seq - heldSeq
  if waiting > tonumber(cap) then most = cap
  elseif waiting > tonumber(streamMaxLen) then how, most = 'MINID', heldId end
end
redis.call('XTRIM', outcomes, how, '~', most)
      end
      if ms ~= '0' and resultsMax ~= '0' then
        local results, countedCount = prefix .. 'results', 1
local length = redis.call('RPUSH', results, id)
if length % 10 == 0 or length > tonumber(resultsMax) then
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
      end
      local answer = 'alive '
      if idleSlots and idleSlots ~= '' then
        answer = 'idle '
        redis.call('RPUSH', prefix .. 'idle:1', session .. '@' .. nowText .. ':' .. idleSlots)
      end
      answer = answer .. nowText
      if nextDue then answer = answer .. ' ' .. string.format('%d', nextDue - nowMs) end
      return answer
    end
  end
  -- More than that: as \`step\` has it.
  local streamMaxLen, failedMax, failedMaxAgeMs, claim = string.match(ARGV[10], '^(%S+) (%S+) (%S+) (%S+)$')
  local task, ms, document, resultsMax, second = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
  now, idleSlots, marks = now or '', idleSlots or '', marks or ''
  local queueCount, settleSize, releaseCount, announce, idleSince = '1', '9', '0', '', ''
  ARGV = { now, streamMaxLen, prefix, resultsMax, failedMax, failedMaxAgeMs, session, claim, queueCount, settleSize, releaseCount, announce, idleSlots, idleSince, second, queue, '1', 'succeeded', hold, ms, task, marks, document, id, value }
end
local redis, string, ARGV = redis, string, ARGV
local now, streamMaxLen, prefix, resultsMax, failedMax, failedMaxAgeMs, session, claim, queueCount, settleSize, releaseCount, announce, idleSlots, idleSince, second = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12], ARGV[13], ARGV[14], ARGV[15]
local jobs, wait, tombs, later, retry, active, workers, tries, progress, outcomes, tail, held = prefix .. 'jobs', prefix .. 'wait:default', prefix .. 'tombs', prefix .. 'later', prefix .. 'retry', prefix .. 'active', prefix .. 'workers', prefix .. 'tries', prefix .. 'progress', prefix .. 'outcomes', prefix .. 'tail', prefix .. 'held'
local items = 15
redis.call('HDEL', active, '')
local nowMs, nowText = tonumber(now), nil
if nowMs then
  nowText = string.format('%d', nowMs)
else
  -- As text, which costs less than numbers do: seconds, and microseconds without zeros before them.
  local clock = redis.call('TIME')
  nowText = clock[1] .. string.sub('00000' .. clock[2], -6, -4)
  nowMs = tonumber(nowText)
end
if idleSince ~= '' then redis.call('LREM', prefix .. 'idle:1', '-1', session .. '@' .. idleSince) end
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
      dueIds = redis.call('ZRANGE', later, '-inf', nowText, 'BYSCORE', 'LIMIT', '0', '200')
isFlood = #dueIds == 200 and tonumber(claim) >= 50
if isFlood then
  for n = claim + 1, 200 do dueIds[n] = nil end
end
dueRecords = redis.call('HMGET', jobs, unpack(dueIds))
for _, record in ipairs(dueRecords) do
  isPlain = record and (string.find(record, '^%[1,"[^"\\]*",null,0,') or string.find(record, '^%[1,"[^"\\]*","[^"\\]*",0,'))
  if not isPlain then break end
end
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
    local behind = at + 7 + 2 * ARGV[at]
    local token = ARGV[at + 2]
    isPlain = ARGV[at + 1] == 'succeeded'
    for item = at + 7, behind - 1, 2 do
      local id, value = ARGV[item], ARGV[item + 1]
      settled = settled + 1
      ids[settled] = id
      tokens[settled] = token
      isPlain = isPlain and not seen[id] and #value <= 4096
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
    newest, seq = string.match(redis.call('GET', tail) or '0-0.0', '^(.+)%.(%d+)$')
seq = tonumber(seq)
sealed = seq
    local moment
    if string.sub(second, 1, 10) == string.sub(nowText, 1, -4) then
  moment = string.sub(second, 11) .. string.sub(nowText, -3) .. 'Z'
else
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
    local counted, countedCount = {}, 0
    local resultPrefix = prefix .. 'r:'
    local at = from
    while at <= last do
      local ms, task, marks, document = ARGV[at + 3], ARGV[at + 4], ARGV[at + 5], ARGV[at + 6] .. moment .. '"}'
      local behind = at + 7 + 2 * ARGV[at]
      local more
      if marks ~= '' then
        more = {}
local attempt, trace, owner = string.match(marks, '^(%d*)~?([%x-]*)(.*)$')
if owner ~= '' then more[1], more[2] = 'owner', string.sub(owner, 2) end
if attempt ~= '' then more[#more + 1], more[#more + 2] = 'attempt', attempt end
if trace ~= '' then more[#more + 1], more[#more + 2] = 'trace', trace end
      end
      -- Many say the same, such as those that return nothing: of them it is put together once.
      local value, json, fields, kept
      for item = at + 7, behind - 1, 2 do
        local id = ARGV[item]
        if ARGV[item + 1] ~= value then
          value = ARGV[item + 1]
          json, fields = value, more
local border = string.find(value, '\n', 1, true)
if border then
  local meta = string.sub(value, border + 1)
  json, fields = string.sub(value, 1, border - 1), { 'meta', meta, unpack(more or {}) }
  kept = '{"status":"SUCCESS","result":' .. json .. ',"meta":' .. meta .. document
else
  kept = '{"status":"SUCCESS","result":' .. json .. document
end
        end
        if ms ~= '0' then
          redis.call('PSETEX', resultPrefix .. id, ms, kept)
          countedCount = countedCount + 1
          counted[countedCount] = id
        end
        seq = seq + 1
        if fields then
  newest = redis.call('XADD', outcomes, '*', 'task_id', id, 'task_name', task, 'status', 'SUCCESS',
    'timestamp', moment, 'result', json, 'seq', seq, unpack(fields))
else
  newest = redis.call('XADD', outcomes, '*', 'task_id', id, 'task_name', task, 'status', 'SUCCESS',
    'timestamp', moment, 'result', json, 'seq', seq)
end
      end
      at = behind
    end
    redis.call('HDEL', active, unpack(ids))
    redis.call('HDEL', jobs, unpack(ids))
    if hasProgress then redis.call('HDEL', progress, unpack(ids)) end
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
    if countedCount > 0 and resultsMax ~= '0' then
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
  end

  local claimed, records, holds, taken = {}, {}, {}, 0
  local hold = session .. '@' .. nowText
  local free, passed, deferred, direct = tonumber(claim), 0, 0, 0
  for n = 1, queueCount do
    local queue = ARGV[items + n]
    local line = prefix .. 'wait:' .. queue
    while free > 0 and passed < 1000 do
  local ids = redis.call('LPOP', line, free)
  if not ids then break end
  local tombstones = {}
  for n, record in ipairs(redis.call('HMGET', jobs, unpack(ids))) do
    local id = ids[n]
    if not record then
      tombstones[#tombstones + 1] = id
    elseif string.find(record, '[1,', 1, true) ~= 1 then
      redis.call('ZADD', later, nowMs + 30000, id)
      deferred = deferred + 1
      free = free - 1
    
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
    if dueIds and queue == 'default' and passed < 1000 then
      direct = math.min(free, #dueIds)
free = free - direct
for n = 1, direct do
  local id = dueIds[n]
  taken = taken + 1
  claimed[taken] = id
  records[taken] = dueRecords[n]
  holds[2 * taken - 1] = id
  holds[2 * taken] = hold
end
    end
    if free == 0 then break end
  end
  if dueIds then
    local count = #dueIds
if isFlood and direct >= 50 then count = direct end
redis.call('ZREMRANGEBYRANK', later, '0', count - 1)
if hasTries then redis.call('SREM', retry, unpack(dueIds, 1, count)) end
local entries, entryCount = {}, 0
-- Nobody waits since then, unless one of them is handed back.
if direct > 0 then entries[1], entries[2], entryCount = nowText, nowText, 2 end
if count > direct then
  redis.call('RPUSH', wait, unpack(dueIds, direct + 1, count))
  for n = direct + 1, count do
    entries[entryCount + 1] = nowText
    entries[entryCount + 2] = dueIds[n]
    entryCount = entryCount + 2
  end
end
local since = prefix .. 'since'
redis.call('ZADD', since, unpack(entries))
redis.call('ZREMRANGEBYRANK', since, '0', '-1001')
redis.call('PEXPIRE', since, '86400000')
  end
  local counts = false
  if taken > 0 then
    redis.call('HSET', active, '_', 'no job: keeps this hash a hash table, which Redis would pack into a list while it is small', unpack(holds))
    if hasTries then counts = redis.call('HMGET', tries, unpack(claimed)) end
  elseif settled == 0 then
    if redis.call('HLEN', active) == 1 then redis.call('HDEL', active, '_') end
  end
  if deferred > 0 or dueIds then nextDue = redis.call('ZRANGE', later, '0', '0', 'WITHSCORES')[2] end
  if nextClock and (not nextDue or tonumber(nextClock) < tonumber(nextDue)) then nextDue = nextClock end
  local nextDueMs = nextDue and math.max(0, nextDue - nowMs) or -1
  if free == 0 or passed >= 1000 then
    -- What is left, another takes; and what is due soon another must know, where this worker has no hand free for it.
    local isSoon = free == 0 and nextDue and nextDueMs < 10000
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
  if idleSlots ~= '' and passed < 1000 then
    redis.call('RPUSH', prefix .. 'idle:1', session .. '@' .. nowText .. ':' .. idleSlots)
    return { 'idle', nextDueMs, nowMs }
  end
  return { 'alive', nextDueMs, nowMs }
end
local function body()
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
local function optional(text)
  if text ~= '' then return string.sub(text, 2) end
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
local function cameDue(ids)
  local entries = {}
  for n, id in ipairs(ids) do
    entries[2 * n - 1] = nowText
    entries[2 * n] = id
  end
  local since = prefix .. 'since'
redis.call('ZADD', since, unpack(entries))
redis.call('ZREMRANGEBYRANK', since, '0', '-1001')
redis.call('PEXPIRE', since, '86400000')
end
-- What only some jobs have: while there is none of it, which one question tells, nothing more is asked of it.
local areOdd = redis.call('EXISTS', tries, progress, prefix .. 'ends', prefix .. 'slots', prefix .. 'lanes',
  prefix .. 'limits', prefix .. 'paused', prefix .. 'streaks') > 0
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
  local function bury(id, outcome)
  if failedMax == '0' then return end
  local failed, dead = prefix .. 'failed', prefix .. 'dead'
  redis.call('HSET', dead, id, outcome .. '\n' .. redis.call('HGET', jobs, id))
  redis.call('ZADD', failed, nowText, id)
  local function sweep(ids)
    if #ids == 0 then return end
    redis.call('ZREM', failed, unpack(ids))
    redis.call('HDEL', dead, unpack(ids))
  end
  local edge = string.format('%d', nowMs - failedMaxAgeMs)
  sweep(redis.call('ZRANGE', failed, '-inf', edge, 'BYSCORE', 'LIMIT', '0', '100'))
  local excess = redis.call('ZCARD', failed) - failedMax
  if excess > 0 then sweep(redis.call('ZRANGE', failed, '0', math.min(excess, 100) - 1)) end
end
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
  local function remember(id, attempt, startedAt, session, name, message)
  local history = prefix .. 'history'
  local past = redis.call('HGET', history, id)
  local entry = string.format('{"attempt":%d,"startedAt":%s,"ms":%d,"worker":%s,"error":{"name":%s,"message":%s}}',
    attempt, startedAt, nowMs - startedAt, cjson.encode(session), cjson.encode(name), cjson.encode(message))
  if past then
    local _, lines = string.gsub(past, '\n', '')
    if lines + 1 >= 20 then past = string.match(past, '\n(.*)$') end
    entry = past .. '\n' .. entry
  end
  redis.call('HSET', history, id, entry)
end
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
  if #value > 4096 then
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
    local behind = at + 7 + 2 * ARGV[at]
    for item = at + 7, behind - 1, 2 do
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
      count, to, hold, ms, task, marks, documentEnd = unpack(ARGV, at, at + 6)
      documentEnd = documentEnd .. stamp() .. '"}'
      local behind = at + 7 + 2 * count
      for item = at + 7, behind - 1, 2 do
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
  return redis.call('ZRANGE', times, '-inf', nowText, 'BYSCORE', 'LIMIT', '0', '200')
end
local nextClock = firstOf(timers)
local clocks = dueOf(timers, nextClock)
if #clocks > 0 then
  hasMore = #clocks == 200
  for _, member in ipairs(clocks) do
    local kind, name = string.sub(member, 1, 2), string.sub(member, 3)
    if kind == 's:' then
      if isAlive and #ticks < 300 then
        redis.call('ZADD', timers, nowMs + 5000, member)
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
    if record and not string.find(record, '^%[1,"[^"\\]*",null,0,') and isKnown(record) then
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
  while free > 0 and passed < 1000 do
  local ids = redis.call('LPOP', line, free)
  if not ids then break end
  local tombstones = {}
  for n, record in ipairs(redis.call('HMGET', jobs, unpack(ids))) do
    local id = ids[n]
    if not record then
      tombstones[#tombstones + 1] = id
    elseif string.find(record, '[1,', 1, true) ~= 1 then
      redis.call('ZADD', later, nowMs + 30000, id)
      deferred = deferred + 1
      free = free - 1
    elseif isStray and isStray(record) then
  for back = #ids, n, -1 do redis.call('LPUSH', line, ids[back]) end
  if #tombstones > 0 then redis.call('HDEL', tombs, unpack(tombstones)) end
  count, room = taken, free
  return true
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
if isUneven then works().deferMs = 30000 end
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
  redis.call('HSET', active, '_', 'no job: keeps this hash a hash table, which Redis would pack into a list while it is small', unpack(holds))
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
local isSoon = nextDue and nextDue - nowMs < 10000
for n = 1, queueCount do
  local queue = ARGV[items + n]
  -- Whoever had room to the end has emptied the plain lines.
  local isLeft = (room == 0 or W or passed >= 1000)
    and redis.call('EXISTS', prefix .. 'wait:' .. queue, prefix .. 'prio:' .. queue) > 0
  if isUneven then isLeft = hasMore or works().isLeft(queue) end
  if isLeft or (isSoon and room == 0) then ring(queue) end
end

local nextDueMs = nextDue and math.max(0, nextDue - nowMs) or -1
-- A list within an answer costs as much as a command: those that are empty stay out.
local function listed(list) return #list > 0 and list end
return { isAlive and 'alive' or 'reaped', nextDueMs, nowMs, listed(claimed), listed(records), counts, deferred,
  listed(lost), listed(ticks) }
end
return body()
