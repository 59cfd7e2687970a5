local redis, string, ARGV = redis, string, ARGV
local now, prefix = ARGV[1], ARGV[2]
local wait, tail = prefix .. 'wait:default', prefix .. 'tail'
local items = 2
if redis.call('LLEN', wait) == tonumber(ARGV[items + 1]) then
  local wake = prefix .. 'wake:default'
if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
end
return redis.call('GET', tail) or '0-0.0'
