local redis, string, ARGV = redis, string, ARGV
local wake = KEYS[1]
local items = 0
local function ring()
  if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
end
ring()
return 'rung'
