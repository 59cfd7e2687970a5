local redis, string, ARGV = redis, string, ARGV
local now, prefix = ARGV[1], ARGV[2]
local later = prefix .. 'later'
local items = 2
local function body()
local nowMs, nowText = tonumber(now), nil
if nowMs then
  nowText = string.format('%d', nowMs)
else
  -- As text, which costs less than numbers do: seconds, and microseconds without zeros before them.
  local clock = redis.call('TIME')
  nowText = clock[1] .. string.sub('00000' .. clock[2], -6, -4)
  nowMs = tonumber(nowText)
end
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
