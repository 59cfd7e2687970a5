local redis, string, ARGV = redis, string, ARGV
local jobs, wait, tombs, later, retry, active, workers, wake, tries, progress, outcomes, tail, held = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13]
local now, streamMaxLen, resultPrefix, session, claim, settleCount, announce = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local items = 7
local nowMs = tonumber(now)
if not nowMs then
  local clock = redis.call('TIME')
  nowMs = clock[1] * 1000 + math.floor(clock[2] / 1000)
end
local nowText = string.format('%d', nowMs)
local function iso(ms)
  local floor = math.floor
  local days = floor(ms / 86400000)
  local rest = ms - days * 86400000
  local shifted = days + 719468
  local era = floor(shifted / 146097)
  local doe = shifted - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local march = floor((5 * doy + 2) / 153)
  local day = doy - floor((153 * march + 2) / 5) + 1
  local month = march < 10 and march + 3 or march - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, day, floor(rest / 3600000),
    floor(rest / 60000) % 60, floor(rest / 1000) % 60, rest % 1000)
end
-- Most enqueues write no notice: they are spared the calendar and the place.
local moment, newest, seq, sealed, heldId, heldSeq, cap
local function stamp()
  moment = moment or iso(nowMs)
  return moment
end
local function open()
  local places = redis.call('MGET', tail, held)
  newest, seq = string.match(places[1] or '0-0.0', '^(.+)%.(%d+)$')
  seq = tonumber(seq)
  sealed = seq
  if places[2] then heldId, heldSeq, cap = string.match(places[2], '^(%S+) (%d+) (%d+)$') end
end
-- How far the stream may be trimmed, as XADD is told.
local function bound()
  local waiting = seq - heldSeq
  if waiting > tonumber(cap) then return 'MAXLEN', cap end
  if waiting > tonumber(streamMaxLen) then return 'MINID', heldId end
  return 'MAXLEN', streamMaxLen
end
local function place()
  if not seq then open() end
  return newest .. '.' .. string.format('%d', seq)
end
local function seal()
  if seq and seq > sealed then redis.call('SET', tail, place()) end
end
local function append(id, task, status, label, value, ...)
  if not seq then open() end
  seq = seq + 1
  local how, most = 'MAXLEN', streamMaxLen
  if heldSeq then how, most = bound() end
  newest = redis.call('XADD', outcomes, how, '~', most, '*',
    'task_id', id, 'task_name', task, 'status', status, 'timestamp', stamp(), label, value,
    'seq', string.format('%d', seq), 'v', '1', ...)
end
local function optional(text)
  if text ~= '' then return string.sub(text, 2) end
end
local function isKnown(record)
  return string.find(record, '[1,', 1, true) == 1
end
local function header(record)
  local task, at = string.match(record, '^%[1,("[^"\\]*"),()')
  local owner = task and (string.match(record, '^null', at) or string.match(record, '^"[^"\\]*",', at))
  if owner == 'null' then return task, owner end
  if owner then return task, string.sub(owner, 1, -2) end
  local isRead, parts = pcall(cjson.decode, record)
  if not isRead then return '"?"', 'null' end
  return cjson.encode(parts[2]), parts[3] == cjson.null and 'null' or cjson.encode(parts[3])
end
local function plain(json)
  if not string.find(json, '\\', 1, true) then return string.sub(json, 2, -2) end
  return cjson.decode('[' .. json .. ']')[1]
end
local function ring()
  if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
end
local function tidy()
  if redis.call('HLEN', active) == 1 then redis.call('HDEL', active, '_') end
end

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
  if #value > 4096 then
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
local verifyFrom = items + settleCount * 8 + 1
if settleCount ~= '0' then
  local ids, n = {}, 0
  for at = items + 1, verifyFrom - 1, 8 do
    n = n + 1
    ids[n] = ARGV[at]
  end
  local holds = redis.call('HMGET', active, unpack(ids))
  local isSettled, settled, settledCount, ended, endedCount = {}, {}, 0, {}, 0
  n = 0
  for at = items + 1, verifyFrom - 1, 8 do
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

local due = redis.call('ZRANGE', later, '-inf', nowText, 'BYSCORE', 'LIMIT', '0', '200')
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
while room > 0 and passed < 1000 do
  local ids = redis.call('LPOP', wait, room)
  if not ids then break end
  local tombstones = {}
  for n, record in ipairs(redis.call('HMGET', jobs, unpack(ids))) do
    local id = ids[n]
    if not record then
      tombstones[#tombstones + 1] = id
    elseif not isKnown(record) then
      redis.call('ZADD', later, nowMs + 30000, id)
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
  redis.call('HSET', active, '_', 'no job: keeps this hash a hash table, which Redis would pack into a list while it is small', unpack(holds))
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
local isSoon = nextDue and nextDue - nowMs < 10000
if redis.call('LLEN', wait) > 0 or (isSoon and room == 0) then ring() end

local nextDueMs = nextDue and math.max(0, nextDue - nowMs) or -1
return { isAlive and 'alive' or 'reaped', nextDueMs, lost, nowMs, claimed, records, counts, deferred }
