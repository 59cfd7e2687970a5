local redis, string, ARGV = redis, string, ARGV
local prefix, name = ARGV[1], ARGV[2]
local items = 2
local function body()
redis.call('HDEL', prefix .. 'ticks', name)
redis.call('ZREM', prefix .. 'timers', 's:' .. name)
return redis.call('HDEL', prefix .. 'schedules', name) == 1 and 'removed' or 'missing'
end
return body()
