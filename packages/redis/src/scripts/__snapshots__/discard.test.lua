local redis, string, ARGV = redis, string, ARGV
local prefix = ARGV[1]
local items = 1
local discarded = {}
for n = items + 1, #ARGV do
  if redis.call('ZREM', prefix .. 'failed', ARGV[n]) == 1 then
    redis.call('HDEL', prefix .. 'dead', ARGV[n])
    discarded[#discarded + 1] = ARGV[n]
  end
end
return { 'discarded', unpack(discarded) }
