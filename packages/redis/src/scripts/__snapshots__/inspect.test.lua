local redis, string, ARGV = redis, string, ARGV
local jobs, active, workers, tries, progress, info, pulse = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local now, running = ARGV[1], ARGV[2]
local items = 2
local nowMs = tonumber(now)
if not nowMs then
  local clock = redis.call('TIME')
  nowMs = clock[1] * 1000 + math.floor(clock[2] / 1000)
end
local nowText = string.format('%d', nowMs)
local function isKnown(record)
  return string.find(record, '[1,', 1, true) == 1
end
local function header(record)
  local task, at = string.match(record, '^%[1,("[^"\\]*"),()')
  local owner, rest
  if task then
    owner, rest = string.match(record, '^(null),()', at)
    if not owner then owner, rest = string.match(record, '^("[^"\\]*"),()', at) end
  end
  if owner then return task, owner, string.match(record, '^%b{}', rest) or '0' end
  local isRead, parts = pcall(cjson.decode, record)
  if not isRead then return '"?"', 'null', '0' end
  local options = '0'
  if type(parts[4]) == 'table' then
    local inner = string.gsub(string.sub(cjson.encode(parts[4]), 2, -2), '[{}]', { ['{'] = '\u007b', ['}'] = '\u007d' })
    options = '{' .. inner .. '}'
  end
  return cjson.encode(parts[2]), parts[3] == cjson.null and 'null' or cjson.encode(parts[3]), options
end
local function plain(json)
  if not string.find(json, '\\', 1, true) then return string.sub(json, 2, -2) end
  return cjson.decode('[' .. json .. ']')[1]
end
local runs, countOf = {}, {}
local held = redis.call('HGETALL', active)
for at = 1, #held, 2 do
  local session, claimedAt = string.match(held[at + 1], '^(.*)@(%d+)$')
  if session and held[at] ~= '_' then
    runs[#runs + 1] = { held[at], session, claimedAt }
    countOf[session] = (countOf[session] or 0) + 1
  end
end
table.sort(runs, function(a, b)
  if a[3] == b[3] then return a[1] < b[1] end
  return tonumber(a[3]) < tonumber(b[3])
end)

local listed, bytes = {}, 0
for n = 1, math.min(#runs, tonumber(running)) do
  local run = runs[n]
  local id = run[1]
  bytes = bytes + redis.call('HSTRLEN', jobs, id)
  if bytes > 8388608 then break end
  local task, owner = header(redis.call('HGET', jobs, id))
  local attempt = (redis.call('HGET', tries, id) or 0) + 1
  listed[n] = { id, run[2], run[3], attempt, task, owner, redis.call('HGET', progress, id) }
end

local sessions = {}
local alive = redis.call('ZRANGE', workers, '(' .. nowText, '+inf', 'BYSCORE', 'WITHSCORES')
for at = 1, #alive, 2 do
  local name = alive[at]
  local said = redis.call('HGET', info, name)
  sessions[#sessions + 1] = { name, alive[at + 1], countOf[name] or 0, said, redis.call('HGET', pulse, name) }
end
return { nowMs, sessions, listed }
