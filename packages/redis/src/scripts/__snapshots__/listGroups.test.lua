local redis, string, ARGV = redis, string, ARGV
local groupPrefix = ARGV[1]
local outcomes, tail, groups = KEYS[1], KEYS[2], KEYS[3]
local items = 1
local function body()
local found = {}
for _, name in ipairs(redis.call('ZRANGE', groups, 0, -1)) do
  local base = groupPrefix .. name
  local summary = redis.pcall('XPENDING', outcomes, name)
  if summary.err then summary = { 0 } end
  local place, missed, dead = unpack(redis.call('HMGET', base, 'place', 'missed', 'dead'))
  found[#found + 1] = { name, summary[1], summary[4] or {},
    redis.call('ZRANGE', base .. ':members', 0, -1, 'WITHSCORES'), place, missed, dead }
end
return { redis.call('GET', tail) or '0-0.0', found }
end
return body()
