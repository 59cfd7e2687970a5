local redis, string, ARGV = redis, string, ARGV
local outcomes, tail = KEYS[1], KEYS[2]
local after, seq, count = ARGV[1], ARGV[2], ARGV[3]
local items = 3
local function body()
local function continues(id, seq)
  if tonumber(seq) > tonumber(string.match(redis.call('GET', tail) or '0-0.0', '%.(%d+)$')) then return false end
  local record = redis.call('XREVRANGE', outcomes, id, '-', 'COUNT', 1)[1]
  if not record then return true end -- all that was there is trimmed
  local fields = record[2]
  for at = 1, #fields, 2 do
    if fields[at] == 'seq' and not string.find(fields[at + 1], '%D') then return fields[at + 1] == seq end
  end
  return true -- it is of another program, which does not count
end
local records = redis.call('XRANGE', outcomes, '(' .. after, '+', 'COUNT', count)
return { redis.call('GET', tail) or '0-0.0', records, continues(after, seq) and 1 or 0 }
end
return body()
