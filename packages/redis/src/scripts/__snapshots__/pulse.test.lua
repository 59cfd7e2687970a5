local redis, string, ARGV = redis, string, ARGV
local now, session, said = ARGV[1], ARGV[2], ARGV[3]
local workers, pulse = KEYS[1], KEYS[2]
local items = 3
local function body()
local nowMs = tonumber(now)
if not nowMs then
  local clock = redis.call('TIME')
  nowMs = clock[1] * 1000 + math.floor(clock[2] / 1000)
end
local nowText = string.format('%d', nowMs)
if not redis.call('ZSCORE', workers, session) then return 'reaped' end
redis.call('HSET', pulse, session, nowText .. ' ' .. said)
return 'alive'
end
return body()
