local redis, string, ARGV = redis, string, ARGV
local outcomes, tail = KEYS[1], KEYS[2]
local after, count = ARGV[1], ARGV[2]
local items = 2
local records = redis.call('XRANGE', outcomes, '(' .. after, '+', 'COUNT', count)
return { redis.call('GET', tail) or '0-0.0', records }
