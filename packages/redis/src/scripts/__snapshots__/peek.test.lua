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
local isWork, nextDueMs = false, -1
for _, times in ipairs({ later, prefix .. 'timers' }) do
  local first = redis.call('ZRANGE', times, '0', '0', 'WITHSCORES')[2]
  local ms = first and first - nowMs
  if ms and ms <= 0 then isWork = true
  elseif ms and (nextDueMs < 0 or ms < nextDueMs) then nextDueMs = ms end
end
for n = items + 1, #ARGV do
  local queue = ARGV[n]
  isWork = isWork
    or redis.call('EXISTS', prefix .. 'wait:' .. queue, prefix .. 'prio:' .. queue, prefix .. 'ready:' .. queue) > 0
end
return isWork and 'work' or 'idle'
end
return body()
