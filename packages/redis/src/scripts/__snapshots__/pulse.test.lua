local redis, string, ARGV = redis, string, ARGV
local now, session, said = ARGV[1], ARGV[2], ARGV[3]
local workers, pulse = KEYS[1], KEYS[2]
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
if not redis.call('ZSCORE', workers, session) then return 'reaped' end
redis.call('HSET', pulse, session, nowText .. ' ' .. said)
return 'alive'
end
return body()
