local redis, string, ARGV = redis, string, ARGV
local prefix = ARGV[1]
local jobs, wait, tail = prefix .. 'jobs', prefix .. 'wait:default', prefix .. 'tail'
local items = 1
local last = #ARGV
if last == items + 2 then
  local id = ARGV[items + 1]
  redis.call('HSET', jobs, id, ARGV[items + 2])
  if redis.call('RPUSH', wait, id) == 1 then
    local wake = prefix .. 'wake:default'
if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
  end
else
  local ids, count = {}, 0
  for at = items + 1, last, 2 do
    count = count + 1
    ids[count] = ARGV[at]
  end
  redis.call('HSET', jobs, unpack(ARGV, items + 1, last))
  if redis.call('RPUSH', wait, unpack(ids)) == count then
    local wake = prefix .. 'wake:default'
if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
  end
end
return redis.call('GET', tail) or '0-0.0'
