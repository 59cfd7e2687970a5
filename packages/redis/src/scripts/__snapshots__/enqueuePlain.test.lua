local redis, string, ARGV = redis, string, ARGV
local now, prefix = ARGV[1], ARGV[2]
local jobs, wait, tombs, tail, active, workers = prefix .. 'jobs', prefix .. 'wait:default', prefix .. 'tombs', prefix .. 'tail', prefix .. 'active', prefix .. 'workers'
local items = 2
local last = #ARGV
if last == items + 2 then
  local id = ARGV[items + 1]
  local result = prefix .. 'r:' .. id
  local isMore = redis.call('EXISTS', tombs, result, prefix .. 'idle:1') > 0
  if isMore and (redis.call('EXISTS', result) == 1 or redis.call('HEXISTS', tombs, id) == 1) then return 0 end
  if redis.call('HSETNX', jobs, id, ARGV[items + 2]) == 0 then return 0 end
  if isMore then
    local name = redis.call('RPOP', prefix .. 'idle:1')
-- What may forbid that it starts now: others before it, pauses, limits, turns.
if name and redis.call('EXISTS', wait, prefix .. 'prio:default', prefix .. 'lanes', prefix .. 'limits',
  prefix .. 'paused', prefix .. 'streaks') == 0 then
  local nowMs, nowText = tonumber(now), nil
if nowMs then
  nowText = string.format('%d', nowMs)
else
  -- As text, which costs less than numbers do: seconds, and microseconds without zeros before them.
  local clock = redis.call('TIME')
  nowText = clock[1] .. string.sub('00000' .. clock[2], -6, -4)
  nowMs = tonumber(nowText)
end
  local session, since, slots = string.match(name, '^(.*)@(%d+):(%d+)$')
  local lease = redis.call('ZSCORE', workers, session)
  if not lease then
    name = nil -- it is no more
  elseif tonumber(lease) > nowMs and nowMs - since < 1000 then
    local hold, message = session .. '@' .. nowText, nil
    message = nowText .. '\n' .. id .. '\n' .. ARGV[items + 2]
    redis.call('HSET', active, '_', 'no job: keeps this hash a hash table, which Redis would pack into a list while it is small', id, hold)
    redis.call('RPUSH', prefix .. 'hand:' .. session, message)
    return redis.call('GET', tail) or '0-0.0'
  end
end
if name then redis.call('RPUSH', prefix .. 'idle:1', name) end
  end
  if redis.call('RPUSH', wait, id) == 1 then
    local wake = prefix .. 'wake:default'
if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
  end
else
  local ids, results, count = {}, {}, 0
  for at = items + 1, last, 2 do
    local id = ARGV[at]
    count = count + 1
    ids[count] = id
    results[count] = prefix .. 'r:' .. id
  end
  if redis.call('EXISTS', unpack(results)) > 0 then return 0 end
  for _, record in ipairs(redis.call('HMGET', jobs, unpack(ids))) do if record then return 0 end end
  if redis.call('EXISTS', tombs) == 1 then
    for _, line in ipairs(redis.call('HMGET', tombs, unpack(ids))) do if line then return 0 end end
  end
  if redis.call('HSET', jobs, unpack(ARGV, items + 1, last)) < count then
    -- One of them is there twice, and the first counts.
    redis.call('HDEL', jobs, unpack(ids))
    return 0
  end
  if redis.call('RPUSH', wait, unpack(ids)) == count then
    local wake = prefix .. 'wake:default'
if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
  end
end
return redis.call('GET', tail) or '0-0.0'
