local redis, string, ARGV = redis, string, ARGV
local now, prefix, failedMaxAgeMs, task, owner = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local jobs = prefix .. 'jobs'
local items = 5
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
local function isShown(id)
  return redis.call('HEXISTS', jobs, id) == 1 or redis.call('EXISTS', prefix .. 'r:' .. id) == 1 or buried(id) ~= nil
end
local id = redis.call('GET', prefix .. 'last:' .. task .. '\n' .. owner)
if not id then return { 'none' } end
return { isShown(id) and 'found' or 'none', id }
end
return body()
