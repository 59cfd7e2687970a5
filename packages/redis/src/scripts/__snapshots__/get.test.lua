local redis, string, ARGV = redis, string, ARGV
local jobs, later, retry, active, tries, progress, tail = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local prefix, id = ARGV[1], ARGV[2]
local items = 2
local cursor = redis.call('GET', tail) or '0-0.0'
local outcome = redis.call('GET', prefix .. 'r:' .. id)
if outcome then return { 'ended', cursor, outcome } end
local record = redis.call('HGET', jobs, id)
if not record then return { 'missing', cursor } end
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
