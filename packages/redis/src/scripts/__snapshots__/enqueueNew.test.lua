local redis, string, ARGV = redis, string, ARGV
local now, prefix = ARGV[1], ARGV[2]
local jobs, wait, tail, active, workers = prefix .. 'jobs', prefix .. 'wait:default', prefix .. 'tail', prefix .. 'active', prefix .. 'workers'
local items = 2
local last = #ARGV
if last == items + 2 then
  local id = ARGV[items + 1]
  redis.call('HSET', jobs, id, ARGV[items + 2])
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
  if redis.call('RPUSH', wait, id) == 1 then
    local wake = prefix .. 'wake:default'
if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
  end
else
  redis.call('HSET', jobs, unpack(ARGV, items + 1, last))
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
  elseif tonumber(lease) > nowMs and nowMs - since < 1000 and last - items <= 2 * slots then
    local hold, message = session .. '@' .. nowText, nil
    local held, parts = {}, { nowText }
for at = items + 1, last, 2 do
  local id = ARGV[at]
  held[at - items], held[at - items + 1] = id, hold
  if at > items + 1 then parts[#parts + 1] = '' end
  parts[#parts + 1], parts[#parts + 2] = id, ARGV[at + 1]
end
message = table.concat(parts, '\n')
    redis.call('HSET', active, '_', 'no job: keeps this hash a hash table, which Redis would pack into a list while it is small', unpack(held))
    redis.call('RPUSH', prefix .. 'hand:' .. session, message)
    return redis.call('GET', tail) or '0-0.0'
  end
end
if name then redis.call('RPUSH', prefix .. 'idle:1', name) end
  local ids, count = {}, 0
  for at = items + 1, last, 2 do
    count = count + 1
    ids[count] = ARGV[at]
  end
  if redis.call('RPUSH', wait, unpack(ids)) == count then
    local wake = prefix .. 'wake:default'
if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
  end
end
return redis.call('GET', tail) or '0-0.0'
