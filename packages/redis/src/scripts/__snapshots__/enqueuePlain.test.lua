local redis, string, ARGV = redis, string, ARGV
local prefix = ARGV[1]
local jobs, wait, tombs, tail = prefix .. 'jobs', prefix .. 'wait:default', prefix .. 'tombs', prefix .. 'tail'
local items = 1
local last = #ARGV
if last == items + 2 then
  local id = ARGV[items + 1]
  local result = prefix .. 'r:' .. id
  if redis.call('EXISTS', tombs, result) > 0
    and (redis.call('EXISTS', result) == 1 or redis.call('HEXISTS', tombs, id) == 1) then return 0 end
  if redis.call('HSETNX', jobs, id, ARGV[items + 2]) == 0 then return 0 end
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
