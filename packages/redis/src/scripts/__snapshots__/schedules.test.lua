local redis, string, ARGV = redis, string, ARGV
local now, prefix = ARGV[1], ARGV[2]
local items = 2
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
local all = redis.call('HGETALL', prefix .. 'schedules')
local answer = { 'schedules', nowText }
for i = 1, #all, 2 do
  answer[#answer + 1] = all[i]
  answer[#answer + 1] = all[i + 1]
  answer[#answer + 1] = redis.call('HGET', prefix .. 'ticks', all[i])
end
return answer
end
return body()
