local redis, string, ARGV = redis, string, ARGV
local wait, later = KEYS[1], KEYS[2]
local now = ARGV[1]
local items = 1
local nowMs = tonumber(now)
if not nowMs then
  local clock = redis.call('TIME')
  nowMs = clock[1] * 1000 + math.floor(clock[2] / 1000)
end
local nowText = string.format('%d', nowMs)
local isWork = redis.call('EXISTS', wait) == 1 or redis.call('ZCOUNT', later, '-inf', nowText) > 0
return isWork and 'work' or 'idle'
