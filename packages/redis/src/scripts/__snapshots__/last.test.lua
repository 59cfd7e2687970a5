local redis, string, ARGV = redis, string, ARGV
local jobs = KEYS[1]
local prefix, task, owner = ARGV[1], ARGV[2], ARGV[3]
local items = 3
local id = redis.call('GET', prefix .. 'last:' .. task .. '\n' .. owner)
if not id then return { 'none' } end
local isKnown = redis.call('HEXISTS', jobs, id) == 1 or redis.call('EXISTS', prefix .. 'r:' .. id) == 1
return { isKnown and 'found' or 'none', id }
