local redis, string, ARGV = redis, string, ARGV
local now, streamMaxLen, session = ARGV[1], ARGV[2], ARGV[3]
local active, progress, outcomes, tail, held = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local items = 3
local function body()
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
local lost = {}
for at = items + 1, #ARGV, 7 do
  local id, claimedAt, task, owner, text, json, trace = unpack(ARGV, at, at + 6)
  if redis.call('HGET', active, id) == session .. '@' .. claimedAt then
    redis.call('HSET', progress, id, text)
    local more = {}
    if owner ~= '' then more = { 'owner', optional(owner) } end
    if #text > #json then
      more[#more + 1] = 'meta'
      more[#more + 1] = string.sub(text, #json + 2)
    end
    if trace ~= '' then
      more[#more + 1] = 'trace'
      more[#more + 1] = trace
    end
    append(id, task, 'PROGRESS', 'result', json, unpack(more))
  else
    lost[#lost + 1] = id
  end
end
seal()
return { 'reported', unpack(lost) }
end
return body()
