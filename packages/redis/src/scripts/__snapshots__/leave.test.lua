local redis, string, ARGV = redis, string, ARGV
local active, wait, workers, info, pulse, wake, tries, progress = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local ctlPrefix, session = ARGV[1], ARGV[2]
local items = 2
local function ring()
  if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
end
local function tidy()
  if redis.call('HLEN', active) == 1 then redis.call('HDEL', active, '_') end
end
local function handBack(sessions, isCounted)
  local ids = {}
  local held = redis.call('HGETALL', active)
  for i = 1, #held, 2 do
    if sessions[string.match(held[i + 1], '^(.*)@')] then ids[#ids + 1] = held[i] end
  end
  table.sort(ids, function(a, b) return a > b end)
  for from = 1, #ids, 1000 do
    local to = math.min(from + 1000 - 1, #ids)
    redis.call('HDEL', active, unpack(ids, from, to))
    redis.call('HDEL', progress, unpack(ids, from, to))
    redis.call('LPUSH', wait, unpack(ids, from, to))
  end
  if isCounted then
    for _, id in ipairs(ids) do redis.call('HINCRBY', tries, id, 1) end
  end
  if #ids > 0 then
    tidy()
    ring()
  end
  return #ids
end
local function forget(name)
  redis.call('ZREM', workers, name)
  redis.call('HDEL', info, name)
  redis.call('HDEL', pulse, name)
  redis.call('DEL', ctlPrefix .. name)
end
forget(session)
return { 'left', handBack({ [session] = true }, false) }
