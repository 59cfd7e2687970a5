local redis, string, ARGV = redis, string, ARGV
local now, prefix, failedMaxAgeMs = ARGV[1], ARGV[2], ARGV[3]
local items = 3
local nowMs = tonumber(now)
if not nowMs then
  local clock = redis.call('TIME')
  nowMs = clock[1] * 1000 + math.floor(clock[2] / 1000)
end
local nowText = string.format('%d', nowMs)
local discarded = {}
for n = items + 1, #ARGV do
  local failedAt = redis.call('ZSCORE', prefix .. 'failed', ARGV[n])
  if failedAt and failedAt + failedMaxAgeMs > nowMs and redis.call('ZREM', prefix .. 'failed', ARGV[n]) == 1 then
    redis.call('HDEL', prefix .. 'dead', ARGV[n])
    discarded[#discarded + 1] = ARGV[n]
  end
end
return { 'discarded', unpack(discarded) }
