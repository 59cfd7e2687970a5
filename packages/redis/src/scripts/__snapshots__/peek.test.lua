local redis, string, ARGV = redis, string, ARGV
local now, prefix = ARGV[1], ARGV[2]
local later = prefix .. 'later'
local items = 2
local function body()
local nowMs = tonumber(now)
if not nowMs then
  local clock = redis.call('TIME')
  nowMs = clock[1] * 1000 + math.floor(clock[2] / 1000)
end
local nowText = string.format('%d', nowMs)
local isWork = redis.call('ZCOUNT', later, '-inf', nowText) > 0
  or redis.call('ZCOUNT', prefix .. 'timers', '-inf', nowText) > 0
for n = items + 1, #ARGV do
  local queue = ARGV[n]
  isWork = isWork
    or redis.call('EXISTS', prefix .. 'wait:' .. queue, prefix .. 'prio:' .. queue, prefix .. 'ready:' .. queue) > 0
end
return isWork and 'work' or 'idle'
end
return body()
