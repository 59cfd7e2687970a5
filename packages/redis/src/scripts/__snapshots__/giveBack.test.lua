local redis, string, ARGV = redis, string, ARGV
local prefix, queue = ARGV[1], ARGV[2]
local items = 2
local function body()
local function ring(queue)
  local wake = prefix .. 'wake:' .. queue
  if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
end
ring(queue)
return 'rung'
end
return body()
