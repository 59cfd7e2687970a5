local redis, string, ARGV = redis, string, ARGV
local outcomes, tail = KEYS[1], KEYS[2]
local items = 0
local function body()
local place = redis.call('GET', tail) or '0-0.0'
local newest = redis.call('XREVRANGE', outcomes, '+', '-', 'COUNT', 1)[1]
if not newest then return place end
return newest[1] .. string.match(place, '%.%d+$')
end
return body()
