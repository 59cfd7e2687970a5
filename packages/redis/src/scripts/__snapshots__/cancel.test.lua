local redis, string, ARGV = redis, string, ARGV
local jobs, tombs, later, retry, active, workers, tries, progress, outcomes, tail, held = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local now, streamMaxLen, resultPrefix, ctlPrefix, id, by, reason, ttlMs, who, message = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local items = 10
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
local function tidy()
  if redis.call('HLEN', active) == 1 then redis.call('HDEL', active, '_') end
end
local record = redis.call('HGET', jobs, id)
if not record then
  local outcome = redis.call('GET', resultPrefix .. id)
  if outcome then return { 'ended', outcome } end
  return { 'missing' }
end
if not isKnown(record) then return { 'unsupported', record } end

local task, owner = header(record)
local attempt = tonumber(redis.call('HGET', tries, id) or 0)
local session, claimedAt = string.match(redis.call('HGET', active, id) or '', '^(.*)@(%d+)$')
redis.call('HDEL', jobs, id)
redis.call('HDEL', tries, id)
if session then
  attempt = attempt + 1
  redis.call('HDEL', active, id)
  tidy()
  redis.call('HDEL', progress, id)
  if redis.call('ZSCORE', workers, session) then
    redis.call('RPUSH', ctlPrefix .. session, message)
    redis.call('PEXPIRE', ctlPrefix .. session, 300000)
  end
elseif redis.call('ZREM', later, id) == 1 then
  redis.call('SREM', retry, id)
else
  redis.call('SADD', tombs, id)
end

if ttlMs ~= '0' then
  local document = '{"status":"REVOKED"' .. who .. ',"task":' .. task
  if owner ~= 'null' then document = document .. ',"owner":' .. owner end
  if attempt ~= 1 then document = document .. ',"attempt":' .. attempt end
  if claimedAt then document = document .. ',"started":' .. claimedAt end
  document = document .. ',"v":1,"date_done":"' .. stamp() .. '"}'
  redis.call('SET', resultPrefix .. id, document, 'PX', ttlMs)
end
local more = {}
local function add(name, value)
  if value then
    more[#more + 1] = name
    more[#more + 1] = value
  end
end
add('owner', owner ~= 'null' and plain(owner))
add('by', optional(by))
add('reason', optional(reason))
append(id, plain(task), 'REVOKED', 'attempt', attempt, unpack(more))
seal()
return { 'cancelled', place() }
