local redis, string, ARGV = redis, string, ARGV
local streamCap, groupPrefix, group = ARGV[1], ARGV[2], ARGV[3]
local outcomes, held, groups = KEYS[1], KEYS[2], KEYS[3]
local items = 3
local function body()
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
redis.pcall('XGROUP', 'DESTROY', outcomes, group)
redis.call('DEL', dueKey, membersKey, deadKey)
redis.call('ZREM', groups, group)
holdAll()
return { redis.call('DEL', base) == 1 and 'deleted' or 'missing' }
end
return body()
