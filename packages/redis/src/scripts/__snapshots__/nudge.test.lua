local redis, string, ARGV = redis, string, ARGV
local prefix, session = ARGV[1], ARGV[2]
local active, workers = prefix .. 'active', prefix .. 'workers'
local items = 2
local function body()
redis.call('HDEL', active, '')
if not redis.call('ZSCORE', workers, session) then return 'gone' end
local key = prefix .. 'ctl:' .. session
redis.call('RPUSH', key, '')
redis.call('PEXPIRE', key, 300000)
return 'nudged'
end
return body()
