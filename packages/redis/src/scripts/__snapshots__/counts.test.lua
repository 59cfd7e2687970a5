local redis, string, ARGV = redis, string, ARGV
local wait, tombs, later, retry, active, workers = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local now = ARGV[1]
local items = 1
local nowMs = tonumber(now)
if not nowMs then
  local clock = redis.call('TIME')
  nowMs = clock[1] * 1000 + math.floor(clock[2] / 1000)
end
local nowText = string.format('%d', nowMs)
local retrying = redis.call('SCARD', retry)
return {
  redis.call('LLEN', wait) - redis.call('SCARD', tombs),
  redis.call('ZCARD', later) - retrying,
  retrying,
  redis.call('HLEN', active) - redis.call('HEXISTS', active, '_'),
  redis.call('ZCOUNT', workers, '(' .. nowText, '+inf'),
}
