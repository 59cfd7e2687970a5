local redis, string, ARGV = redis, string, ARGV
local now, prefix, failedMaxAgeMs = ARGV[1], ARGV[2], ARGV[3]
local items = 3
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
