local redis, string, ARGV = redis, string, ARGV
local jobs, wait, tombs, later, wake, outcomes, tail, held = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local now, streamMaxLen, resultPrefix, count = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local items = 4
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
local function ring()
  if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
end
local before = redis.call('GET', tail) or '0-0.0'
local ids, results = {}, {}
for n = 1, count do
  ids[n] = ARGV[items + n * 3 - 2]
  results[n] = resultPrefix .. ids[n]
end
local living = redis.call('HMGET', jobs, unpack(ids))
local areEnded = redis.call('EXISTS', unpack(results)) > 0
local areTombs = redis.call('EXISTS', tombs) == 1

local records, line, repeated, isRepeated = {}, {}, {}, {}
local isDelayed = false
local seen = {}
for n = 1, count do
  local id = ids[n]
  if living[n] or seen[id] or (areEnded and redis.call('EXISTS', results[n]) == 1) then
    repeated[#repeated + 1] = n
    isRepeated[n] = true
  else
    seen[id] = true
    records[#records + 1] = id
    records[#records + 1] = ARGV[items + n * 3 - 1]
    local delayMs = ARGV[items + n * 3]
    -- Its former life was cancelled and its outcome forgotten, but the line still has that id.
    if areTombs and redis.call('SREM', tombs, id) == 1 then redis.call('LREM', wait, 0, id) end
    if delayMs == '0' then
      line[#line + 1] = id
    else
      redis.call('ZADD', later, nowMs + delayMs, id)
      isDelayed = true
    end
  end
end
if #records > 0 then redis.call('HSET', jobs, unpack(records)) end
-- An idle worker is woken when there was nothing in line, and to look when the delayed one is due.
if (#line > 0 and redis.call('RPUSH', wait, unpack(line)) == #line) or isDelayed then ring() end

for at = items + count * 3 + 1, #ARGV, 3 do
  local n = tonumber(ARGV[at])
  if not isRepeated[n] then
    local owner = optional(ARGV[at + 2])
    append(ids[n], ARGV[at + 1], 'PENDING', 'attempt', 0, unpack(owner and { 'owner', owner } or {}))
  end
end
seal()
return { before, unpack(repeated) }
