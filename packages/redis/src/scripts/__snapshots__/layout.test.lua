local redis, string, ARGV = redis, string, ARGV
local prefix, wanted = ARGV[1], ARGV[2]
local tail = prefix .. 'tail'
local items = 2
local function body()
local known = redis.call('GET', prefix .. 'layout')
if known then return { 'partitioned', known } end
if redis.call('EXISTS', tail, prefix .. 'jobs', prefix .. 'schedules') > 0 then return { 'whole' } end
if wanted == '' then return { 'unused' } end
redis.call('SET', prefix .. 'layout', wanted)
return { 'partitioned', wanted }
end
return body()
