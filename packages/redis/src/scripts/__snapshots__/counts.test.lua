local redis, string, ARGV = redis, string, ARGV
local now, prefix = ARGV[1], ARGV[2]
local jobs, later, retry, active, workers = prefix .. 'jobs', prefix .. 'later', prefix .. 'retry', prefix .. 'active', prefix .. 'workers'
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
local retrying = redis.call('SCARD', retry)
local delayed = redis.call('ZCARD', later)
local running = redis.call('HLEN', active) - redis.call('HEXISTS', active, '_')
local waiting = redis.call('HLEN', prefix .. 'flows')
return {
  redis.call('HLEN', jobs) - delayed - running - waiting,
  waiting,
  delayed - retrying,
  retrying,
  running,
  redis.call('ZCOUNT', workers, '(' .. nowText, '+inf'),
}
end
return body()
