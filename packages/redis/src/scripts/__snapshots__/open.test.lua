local redis, string, ARGV = redis, string, ARGV
local streamCap, groupPrefix, group, scope, tasks, types, owner, ackWait, limit, from, maxGroups = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11]
local outcomes, tail, held, groups = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local items = 11
local function body()
redis.call('ZREM', groups, '')
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
local place = redis.call('HGET', base, 'place')
local word = place and 'joined' or 'opened'
if not place then
  local room = tonumber(maxGroups)
  for _, name in ipairs(redis.call('ZRANGE', groups, 0, -1)) do
    if string.sub(name, 1, #scope) == scope and not string.find(name, '/', #scope + 1, true) then
      room = room - 1
    end
  end
  if room <= 0 then return { 'full' } end
  place = from
  if from == '' then
    place = redis.call('GET', tail) or '0-0.0'
    local newest = redis.call('XREVRANGE', outcomes, '+', '-', 'COUNT', 1)[1]
    if newest then place = newest[1] .. string.match(place, '%.%d+$') end
  end
  redis.call('HSET', base, 'place', place, 'missed', 0, 'told', 0, 'gapTo', '', 'gapDue', 0, 'tellings', 0,
    'dead', 0)
end
redis.call('HSET', base, 'tasks', tasks, 'types', types, 'owner', owner, 'ackWait', ackWait, 'limit', limit)
local placeId, seq = placeOf(place)
local made = redis.pcall('XGROUP', 'CREATE', outcomes, group, placeId, 'MKSTREAM')
if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then return made end
hold(placeId, seq)
return { word }
end
return body()
