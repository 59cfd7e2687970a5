local redis, string, ARGV = redis, string, ARGV
local now, streamCap, groupPrefix, group, member, window, resume = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local outcomes, tail, held, groups = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local items = 7
local function body()
redis.call('ZREM', groups, '')
local nowMs, nowText = tonumber(now), nil
if nowMs then
  nowText = string.format('%d', nowMs)
else
  -- As text, which costs less than numbers do: seconds, and microseconds without zeros before them.
  local clock = redis.call('TIME')
  nowText = clock[1] .. string.sub('00000' .. clock[2], -6, -4)
  nowMs = tonumber(nowText)
end
local base = groupPrefix .. group
local dueKey, membersKey, deadKey = base .. ':due', base .. ':members', base .. ':dead'

local function field(fields, name)
  for at = 1, #fields, 2 do
    if fields[at] == name then return fields[at + 1] end
  end
  return nil
end
local function numberOf(fields)
  local seq, version, status = '', '1', ''
  for at = 1, #fields, 2 do
    local name, value = fields[at], fields[at + 1]
    if name == 'seq' then seq = value
    elseif name == 'v' then version = value
    elseif name == 'status' then status = value end
  end
  if #seq > 16 or not string.find(seq, '^%d+$') then return nil end
  if #version > 9 or not string.find(version, '^%d+$') then return nil end
  if tonumber(version) > 1 then return seq end
  return string.find(' PENDING STARTED PROGRESS LOG CHUNK RETRY SUCCESS FAILURE REVOKED EXPIRED ', ' ' .. status .. ' ', 1, true) and status ~= '' and seq or nil
end
-- Padded, ids are in order as texts as well.
local function padded(id)
  local ms, n = string.match(id, '^(%d+)-(%d+)$')
  return string.format('%s-%012d', ms, n)
end
local function unpadded(text)
  local ms, n = string.match(text, '^(%d+)-0*(%d+)$')
  return ms .. '-' .. n
end
-- The number of the last record of ours before an id; a record of other writers has none of its own.
local function before(id, otherwise)
  for _, record in ipairs(redis.call('XRANGE', outcomes, id, '+', 'COUNT', 20)) do
    local seq = tonumber(numberOf(record[2]))
    if seq then return seq - 1 end
  end
  return otherwise
end
-- The slowest group says what must stay.
local function holdAll()
  local slowest = redis.call('ZRANGE', groups, 0, 0)[1]
  if slowest then
    redis.call('SET', held, redis.call('HGET', groupPrefix .. slowest, 'floor') .. ' ' .. streamCap)
  else
    redis.call('DEL', held)
  end
end
local function hold(placeId, placeSeq)
  local _, oldest = unpack(redis.call('XPENDING', outcomes, group))
  local floorId, floorSeq = placeId, placeSeq
  if oldest then floorId, floorSeq = oldest, before(oldest, placeSeq) end
  floorSeq = string.format('%d', floorSeq)
  redis.call('HSET', base, 'floor', floorId .. ' ' .. floorSeq)
  redis.call('ZADD', groups, floorSeq, group)
  holdAll()
end
local function placeOf(cursor)
  local id, seq = string.match(cursor, '^(.+)%.(%d+)$')
  return id, tonumber(seq)
end
local cursor, tasks, types, owner, ackWait, limit, missed, told, gapTo, gapDue, tellings = unpack(
  redis.call('HMGET', base, 'place', 'tasks', 'types', 'owner', 'ackWait', 'limit', 'missed', 'told', 'gapTo',
    'gapDue', 'tellings'))
if not cursor then return { 'gone' } end
local summary = redis.pcall('XPENDING', outcomes, group)
if summary.err then return { 'gone' } end
local placeId, seq = placeOf(cursor)
local dueText = string.format('%d', nowMs + ackWait)
missed = tonumber(missed)

redis.call('ZADD', membersKey, nowText, member)
local holds = {}
for _, one in ipairs(summary[4] or {}) do holds[one[1]] = tonumber(one[2]) end
local longAgo = string.format('%d', nowMs - 300000)
for _, silent in ipairs(redis.call('ZRANGE', membersKey, '-inf', longAgo, 'BYSCORE')) do
  if not holds[silent] then
    redis.call('XGROUP', 'DELCONSUMER', outcomes, group, silent)
    redis.call('ZREM', membersKey, silent)
  end
end

local delivered = {}
local function give(id, fields, deliveries, number)
  delivered[#delivered + 1] = { id, fields, deliveries, string.format('%d', number) }
end
local count = holds[member] or 0
local room = window - count

if resume == '1' and count > 0 then
  for _, one in ipairs(redis.call('XPENDING', outcomes, group, '-', '+', count, member)) do
    local record = redis.call('XRANGE', outcomes, one[1], one[1])[1]
    local dueAt = tonumber(redis.call('ZSCORE', dueKey, padded(one[1])) or 0)
    if record and dueAt > nowMs then give(one[1], record[2], one[4], before(one[1], seq)) end
  end
end

local function bury(id, fields, deliveries)
  redis.call('XADD', deadKey, 'MAXLEN', 1000, '*', 'id', id, 'deliveries', deliveries, 'before',
    string.format('%d', before(id, seq)), unpack(fields))
  redis.call('HINCRBY', base, 'dead', 1)
end
-- What is due counts for nobody, also where the member holds it himself.
local due = {}
for n, text in ipairs(redis.call('ZRANGE', dueKey, '-inf', nowText, 'BYSCORE', 'LIMIT', 0, window)) do
  local id = unpadded(text)
  local one = redis.call('XPENDING', outcomes, group, id, id, 1)[1]
  if one and one[2] == member then room = room + 1 end
  due[n] = { text, id, one }
end
for _, entry in ipairs(due) do
  if room <= 0 then break end
  local text, id, one = unpack(entry)
  local record = redis.call('XRANGE', outcomes, id, id)[1]
  if one and one[2] == member then count = count - 1 end
  if one and record and one[4] < tonumber(limit) then
    redis.call('XCLAIM', outcomes, group, member, 0, id, 'RETRYCOUNT', one[4] + 1, 'JUSTID')
    redis.call('ZADD', dueKey, dueText, text)
    give(id, record[2], one[4] + 1, before(id, seq))
    room = room - 1
    count = count + 1
  else
    if one and record then bury(id, record[2], one[4])
    elseif one then missed = missed + 1 end
    redis.call('XACK', outcomes, group, id)
    redis.call('ZREM', dueKey, text)
  end
end

local function setOf(names)
  if names == '' then return nil end
  local set = {}
  for _, name in ipairs(cjson.decode(names)) do set[name] = true end
  return set
end
local wantedTasks, wantedStatuses = setOf(tasks), setOf(types)
local wantedOwner = owner ~= '' and string.sub(owner, 2)
local function wants(fields, isOurs)
  local status = field(fields, 'status')
  -- What is not ours may be anything.
  if not isOurs and not (status and field(fields, 'task_id')
    and string.find(' PENDING STARTED PROGRESS RETRY SUCCESS FAILURE REVOKED EXPIRED ', ' ' .. status .. ' ', 1, true)) then return false end
  return (not wantedStatuses or wantedStatuses[status])
    and (not wantedTasks or wantedTasks[field(fields, 'task_name') or ''])
    and (not wantedOwner or field(fields, 'owner') == wantedOwner)
end
-- Where the later record has no higher number, counting began anew, since the server lost its memory.
local function skipTo(number)
  if number > seq then missed = missed + number - seq - 1
  else missed = missed + number end
end

local scanned, isEnd, fresh = 0, false, {}
while room > 0 and scanned < 1000 and not isEnd do
  local most = math.min(room, 1000 - scanned)
  local reply = redis.call('XREADGROUP', 'GROUP', group, member, 'COUNT', most, 'STREAMS', outcomes, '>')
  local records = reply and reply[1][2] or {}
  isEnd = #records < most
  scanned = scanned + #records
  local unwanted = {}
  for _, record in ipairs(records) do
    local id, fields = record[1], record[2]
    local number = tonumber(numberOf(fields))
    if number then
      skipTo(number)
      seq = number
    end
    placeId = id
    if wants(fields, number) then
      give(id, fields, 1, number and number - 1 or seq)
      fresh[#fresh + 1] = dueText
      fresh[#fresh + 1] = padded(id)
      room = room - 1
      count = count + 1
    else
      unwanted[#unwanted + 1] = id
    end
  end
  if #unwanted > 0 then redis.call('XACK', outcomes, group, unpack(unwanted)) end
end
if #fresh > 0 then redis.call('ZADD', dueKey, unpack(fresh)) end
local _, last = placeOf(redis.call('GET', tail) or '0-0.0')
if isEnd then
  skipTo(last + 1)
  seq = last
end

local gap = {}
if missed > 0 then
  if gapTo == '' or tonumber(gapDue) <= nowMs then
    if not (resume == '1' and gapTo == member) then tellings, told = tellings + 1, missed end
    gapTo, gapDue, gap = member, dueText, { told, tellings }
  elseif resume == '1' and gapTo == member then
    gap = { told, tellings }
  end
end
local place = placeId .. '.' .. string.format('%d', seq)
redis.call('HSET', base, 'place', place, 'missed', missed, 'told', told, 'gapTo', gapTo, 'gapDue', gapDue,
  'tellings', tellings)
hold(placeId, seq)

local nextDue = tonumber(redis.call('ZRANGE', dueKey, 0, 0, 'WITHSCORES')[2])
if missed > 0 then nextDue = math.min(nextDue or math.huge, gapDue) end
local nextDueMs = nextDue and math.max(0, nextDue - nowMs) or -1
return { 'pulled', delivered, gap, place, count, math.max(0, last - seq), nextDueMs }
end
return body()
