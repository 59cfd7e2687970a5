local redis, string, ARGV = redis, string, ARGV
local now, prefix = ARGV[1], ARGV[2]
local jobs, later, retry, active, workers = prefix .. 'jobs', prefix .. 'later', prefix .. 'retry', prefix .. 'active', prefix .. 'workers'
local items = 2
local function body()
local nowMs = tonumber(now)
if not nowMs then
  local clock = redis.call('TIME')
  nowMs = clock[1] * 1000 + math.floor(clock[2] / 1000)
end
local nowText = string.format('%d', nowMs)
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
