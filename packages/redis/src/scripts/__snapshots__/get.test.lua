local redis, string, ARGV = redis, string, ARGV
local now, prefix, failedMaxAgeMs, id = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local jobs, later, retry, active, tries, progress, tail = prefix .. 'jobs', prefix .. 'later', prefix .. 'retry', prefix .. 'active', prefix .. 'tries', prefix .. 'progress', prefix .. 'tail'
local items = 4
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
local cursor = redis.call('GET', tail) or '0-0.0'
local outcome = redis.call('GET', prefix .. 'r:' .. id)
if outcome then return { 'ended', cursor, outcome } end
local record = redis.call('HGET', jobs, id)
if not record then
  outcome = buried(id)
  return { outcome and 'ended' or 'missing', cursor, outcome }
end
local attempt = tonumber(redis.call('HGET', tries, id) or 0)
local past = attempt > 0 and redis.call('HGET', prefix .. 'history', id)
local session, claimedAt = string.match(redis.call('HGET', active, id) or '', '^(.*)@(%d+)$')
if claimedAt then
  return { 'running', cursor, record, attempt + 1, past, claimedAt, session, redis.call('HGET', progress, id) }
end
local due = redis.call('ZSCORE', later, id)
if due then
  local state = redis.call('SISMEMBER', retry, id) == 1 and 'retrying' or 'scheduled'
  return { state, cursor, record, attempt, past, due }
end
local flow = redis.call('HGET', prefix .. 'flows', id)
if flow then return { 'waiting', cursor, record, attempt, past, flow } end
return { 'queued', cursor, record, attempt, past }
end
return body()
