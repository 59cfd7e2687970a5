local redis, string, ARGV = redis, string, ARGV
local now, prefix, failedMaxAgeMs = ARGV[1], ARGV[2], ARGV[3]
local items = 3
local function body()
local nowMs = tonumber(now)
if not nowMs then
  local clock = redis.call('TIME')
  nowMs = clock[1] * 1000 + math.floor(clock[2] / 1000)
end
local nowText = string.format('%d', nowMs)
local function buried(id)
  local failedAt = redis.call('ZSCORE', prefix .. 'failed', id)
  if not failedAt or failedAt + failedMaxAgeMs <= nowMs then return end
  local kept = redis.call('HGET', prefix .. 'dead', id)
  if kept then return string.match(kept, '^([^\n]*)\n(.*)$') end
end
local discarded = {}
for n = items + 1, #ARGV do
  if buried(ARGV[n]) then
    redis.call('ZREM', prefix .. 'failed', ARGV[n])
    redis.call('HDEL', prefix .. 'dead', ARGV[n])
    discarded[#discarded + 1] = ARGV[n]
  end
end
return { 'discarded', unpack(discarded) }
end
return body()
