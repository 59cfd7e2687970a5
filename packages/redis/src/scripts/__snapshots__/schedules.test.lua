local redis, string, ARGV = redis, string, ARGV
local now, prefix = ARGV[1], ARGV[2]
local items = 2
local function body()
local nowMs = tonumber(now)
if not nowMs then
  local clock = redis.call('TIME')
  nowMs = clock[1] * 1000 + math.floor(clock[2] / 1000)
end
local nowText = string.format('%d', nowMs)
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
