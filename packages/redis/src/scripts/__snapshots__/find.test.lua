local redis, string, ARGV = redis, string, ARGV
local now, prefix, failedMaxAgeMs, source, limit, after = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local jobs, later, retry, active = prefix .. 'jobs', prefix .. 'later', prefix .. 'retry', prefix .. 'active'
local items = 6
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
local function buried(id)
  local failedAt = redis.call('ZSCORE', prefix .. 'failed', id)
  if not failedAt or failedAt + failedMaxAgeMs <= nowMs then return end
  local kept = redis.call('HGET', prefix .. 'dead', id)
  if kept then return string.match(kept, '^([^\n]*)\n(.*)$') end
end
local function isShown(id)
  return redis.call('HEXISTS', jobs, id) == 1 or redis.call('EXISTS', prefix .. 'r:' .. id) == 1 or buried(id) ~= nil
end
local found = {}
-- A place is told to whoever asked, and the job that stands there may be somebody else's.
local function markOf(id) return string.sub(redis.sha1hex(id), 1, 16) end
local function walk(key, isDown, isWanted)
  -- Entries that come before all of some score.
  local function before(score)
    if isDown then return redis.call('ZCOUNT', key, '(' .. score, '+inf') end
    return redis.call('ZCOUNT', key, '-inf', '(' .. score)
  end
  local function entries(first, last) return redis.call(isDown and 'ZREVRANGE' or 'ZRANGE', key, first, last) end
  local edge, passed, mark = string.match(after, '^([^:]*):(%d+):(%x+)$')
  local from = 0
  if edge then
    from = before(edge)
    -- It stands where it stood, or near it; if it has gone all of its score come once more.
    local here = entries(from + passed - 1, from + passed - 1)[1]
    if here and markOf(here) == mark then from = from + passed
    else
      for n, id in ipairs(entries(from, from + 1000 - 1)) do
        if markOf(id) == mark then
          from = from + n
          break
        end
      end
    end
  end
  local page = redis.call(isDown and 'ZREVRANGE' or 'ZRANGE', key, from, from + limit, 'WITHSCORES')
  local count = math.min(#page, 2 * limit)
  for i = 1, count, 2 do
    if isWanted(page[i], page[i + 1]) then found[#found + 1] = page[i] end
  end
  if #page <= count then return { false, found } end
  local score = page[count]
  return { score .. ':' .. (from + count / 2 - before(score)) .. ':' .. markOf(page[count - 1]), found }
end
-- A scan gives as many at a time as it likes: a page may end within one of its answers.
local function scan(key, isWanted)
  local at, skip = string.match(after, '^(%d+):(%d+)$')
  at, skip = at or '0', tonumber(skip or 0)
  local page = redis.call('HSCAN', key, at, 'COUNT', limit)
  local entries = page[2]
  for i = 1 + 2 * skip, #entries, 2 do
    if #found == tonumber(limit) then return { at .. ':' .. (i - 1) / 2, found } end
    if isWanted(entries[i]) then found[#found + 1] = entries[i] end
  end
  return { page[1] ~= '0' and page[1] .. ':0', found }
end

local tag = string.match(source, '^tag:(.*)$')
if tag then
  local index = prefix .. 'tag:' .. tag
  return walk(index, false, function(id)
    if isShown(id) then return true end
    redis.call('ZREM', index, id)
  end)
end
if source == 'failed' then
  local edge = nowMs - failedMaxAgeMs
  return walk(prefix .. 'failed', true, function(_, at) return tonumber(at) > edge end)
end
if source == 'scheduled' or source == 'retrying' then
  local isRetrying = source == 'retrying' and 1 or 0
  return walk(later, false, function(id) return redis.call('SISMEMBER', retry, id) == isRetrying end)
end
if source == 'waiting' then return scan(prefix .. 'flows', function() return true end) end
if source == 'running' then return scan(active, function(id) return id ~= '_' end) end
return scan(jobs, function(id)
  return redis.call('HEXISTS', active, id) == 0 and not redis.call('ZSCORE', later, id)
    and redis.call('HEXISTS', prefix .. 'flows', id) == 0
end)
end
return body()
