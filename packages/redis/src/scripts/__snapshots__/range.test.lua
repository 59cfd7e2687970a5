local redis, string, ARGV = redis, string, ARGV
local after, seq, count = ARGV[1], ARGV[2], ARGV[3]
local outcomes, tail = KEYS[1], KEYS[2]
local items = 3
local function body()
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
local function continues(id, seq)
  if tonumber(seq) > tonumber(string.match(redis.call('GET', tail) or '0-0.0', '%.(%d+)$')) then return false end
  local record = redis.call('XREVRANGE', outcomes, id, '-', 'COUNT', 1)[1]
  if not record then return true end -- all that was there is trimmed
  local number = numberOf(record[2])
  return not number or number == seq -- one of another program does not count
end
local records = redis.call('XRANGE', outcomes, '(' .. after, '+', 'COUNT', count)
return { redis.call('GET', tail) or '0-0.0', records, continues(after, seq) and 1 or 0 }
end
return body()
