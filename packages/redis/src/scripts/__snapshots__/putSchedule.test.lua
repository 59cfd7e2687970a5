local redis, string, ARGV = redis, string, ARGV
local prefix, name, text, nextAt = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local items = 4
local function body()
local function ring(queue)
  local wake = prefix .. 'wake:' .. queue
  if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
end
local schedules = prefix .. 'schedules'
local known = redis.call('HGET', schedules, name)
if known == text then return 'same' end
redis.call('HSET', schedules, name, text)
redis.call('HSET', prefix .. 'ticks', name, nextAt)
redis.call('ZADD', prefix .. 'timers', nextAt, 's:' .. name)
ring('default')
return known and 'changed' or 'added'
end
return body()
