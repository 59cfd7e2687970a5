local redis, string, ARGV = redis, string, ARGV
local now, running = ARGV[1], ARGV[2]
local jobs, active, workers, tries, progress, info, pulse = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local items = 2
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
end
return body()
