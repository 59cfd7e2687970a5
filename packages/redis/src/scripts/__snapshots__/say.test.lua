local redis, string, ARGV = redis, string, ARGV
local now, streamMaxLen, saidPrefix, session = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local active, outcomes, tail, held = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local items = 4
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
local function optional(text)
  if text ~= '' then return string.sub(text, 2) end
end
local lost, isLost = {}, {}
for at = items + 1, #ARGV, 11 do
  local id, claimedAt, task, owner, attempt, keepMs = unpack(ARGV, at, at + 5)
  local type, first, next, dropped, value = unpack(ARGV, at + 6, at + 10)
  local key = saidPrefix .. id
  if redis.call('HGET', active, id) ~= session .. '@' .. claimedAt then
    if not isLost[id] then lost[#lost + 1] = id end
    isLost[id] = true
  else
    local ending = redis.call('GETRANGE', key, -80, -1)
    local writer, line, char = string.match(ending, ',"next":%[(%d+),(%d+),(%d+)%]}\n$')
    if writer ~= claimedAt then line, char = '1', '0' end
    local isText = type == 'chunk'
    if tonumber(first) >= tonumber(isText and char or line) then
      if isText then char = next else line = next end
      local more = { 'first', first }
      local function add(name, text)
        more[#more + 1] = name
        more[#more + 1] = text
      end
      if owner ~= '' then add('owner', optional(owner)) end
      if attempt ~= '1' then add('attempt', attempt) end
      if dropped ~= '0' then add('dropped', dropped) end
      append(id, task, isText and 'CHUNK' or 'LOG', isText and 'text' or 'lines', value, unpack(more))
      local size = redis.call('APPEND', key, '{"cursor":"' .. place() .. '","at":' .. nowText ..
        ',"attempt":' .. attempt .. ',"first":' .. first ..
        (dropped ~= '0' and ',"dropped":' .. dropped or '') ..
        (isText and ',"text":' .. cjson.encode(value) or ',"lines":' .. value) ..
        ',"next":[' .. claimedAt .. ',' .. line .. ',' .. char .. ']}\n')
      if size > 131072 then
        local newest = redis.call('GETRANGE', key, -65536, -1)
        local border = string.find(newest, '\n', 1, true)
        -- A last record that is longer than all that must be kept is kept alone.
        if border == #newest then newest = string.match(redis.call('GET', key), '([^\n]*\n)$')
        else newest = string.sub(newest, border + 1) end
        redis.call('SET', key, newest)
      end
      redis.call('PEXPIRE', key, keepMs)
    end
  end
end
seal()
return { 'said', unpack(lost) }
end
return body()
