/** Lua of `enqueue`: jobs of which there is more to say than a delay. */
import { SPARE_MS } from '../keys.ts'
import { lua } from '../script.ts'

/** How long after the last job with a tag its index is kept, and the last job of a task is known: 30 days. */
const INDEX_MS = 2_592_000_000
/** Entries at the old end of a tag that one enqueue looks at: two for each that comes keep the index near what is known. */
const SWEEP = 2

/**
 * `putSpecial(id, record, more)` enqueues one. `more` is what `moreOf` (`enqueue-items.ts`) wrote. Answers the id of
 * the job that stands for it, if one does, and whether it was rejected for that.
 */
export const special = lua`
  local function unindex(id, tags)
    for _, tag in ipairs(tags or {}) do redis.call('ZREM', prefix .. 'tag:' .. tag, id) end
  end
  local function index(id, tags, since)
    for _, tag in ipairs(tags or {}) do
      local key = prefix .. 'tag:' .. tag
      for _, old in ipairs(redis.call('ZRANGE', key, '0', '${SWEEP - 1}')) do
        if redis.call('HEXISTS', jobs, old) == 0 and redis.call('EXISTS', prefix .. 'r:' .. old) == 0
          and redis.call('HEXISTS', prefix .. 'dead', old) == 0 then
          redis.call('ZREM', key, old)
        end
      end
      redis.call('ZADD', key, since, id)
      redis.call('PEXPIRE', key, '${INDEX_MS}')
    end
  end
  local function setLast(id, at)
    redis.call('SET', prefix .. 'last:' .. at.task .. '\n' .. (at.owner or ''), id, 'PX', '${INDEX_MS}')
  end
  -- When it expires and what ends with it; what was said before of an expiry no longer holds.
  local function setEnds(id, at, todo, expiresMs)
    local timers, timer = prefix .. 'timers', 'x:' .. id
    todo.expires = expiresMs and true or nil
    if expiresMs then
      redis.call('ZADD', timers, string.format('%d', nowMs + expiresMs), timer)
      ring(at.queue)
    else
      redis.call('ZREM', timers, timer)
    end
    if next(todo) then redis.call('HSET', prefix .. 'ends', id, cjson.encode(todo))
    else redis.call('HDEL', prefix .. 'ends', id) end
  end

  local function putSpecial(id, record, more)
    local W = works()
    local at = W.placeOf(record)
    local tags = at.options.tags
    local alone = prefix .. 'alone'
    local todo = {}
    local startAt = more.runAt or nowMs + more.delayMs

    local up = more.parent
    if up then
      local kids = prefix .. 'kids:' .. up.id
      local flow = redis.call('HGET', prefix .. 'flows', up.id)
      local isAwaited = flow and up.part < cjson.decode(flow).children
        and redis.call('ZCOUNT', kids, up.part, up.part) == 0
      if not isAwaited then return up.id, true end
    end
    for _, rule in ipairs(more.unique or {}) do
      if rule.type == 'once' then
        local other, til = string.match(redis.call('GET', prefix .. 'once:' .. rule.name) or '', '^([^\n]*)\n(%d+)$')
        if other and nowMs < tonumber(til) then return other end
      else
        local name = (rule.type == 'alone' and 'a:' or 'd:') .. rule.name
        local other, since = string.match(redis.call('HGET', alone, name) or '', '^([^\n]*)\n(.*)$')
        local busy = other and redis.call('HGET', jobs, other)
        if busy then
          if rule.type == 'debounce' then
            if redis.call('ZSCORE', later, other) and redis.call('HEXISTS', tries, other) == 0 then
              unindex(other, W.placeOf(busy).options.tags)
              redis.call('HSET', jobs, other, record)
              redis.call('ZADD', later, math.min(startAt, since + rule.maxWaitMs), other)
              local kept = redis.call('HGET', prefix .. 'ends', other)
              setEnds(other, at, kept and cjson.decode(kept) or {}, more.expiresMs)
              index(other, tags, since)
              if more.isLast then setLast(other, at) end
              ring(at.queue)
              return other
            end
          elseif rule.onBusy == 'reject' then return other, true
          elseif rule.onBusy == 'return' then return other
          else
            W.cancelOne(other, W.placeOf(busy), nil, 'replaced by ' .. id, rule.ttlMs)
          end
        end
      end
    end
    for _, rule in ipairs(more.unique or {}) do
      if rule.type == 'once' then
        local til = string.format('%d', nowMs + rule.windowMs)
        redis.call('SET', prefix .. 'once:' .. rule.name, id .. '\n' .. til, 'PX', rule.windowMs + ${SPARE_MS})
      else
        local name = (rule.type == 'alone' and 'a:' or 'd:') .. rule.name
        redis.call('HSET', alone, name, id .. '\n' .. nowText)
        todo.names = todo.names or {}
        todo.names[#todo.names + 1] = name
      end
    end

    redis.call('HSET', jobs, id, record)
    if up then
      todo.parent = { id = up.id, part = up.part, onFailure = up.onFailure }
      -- A job that this one replaced may have been the parent, or have taken it along.
      if redis.call('HEXISTS', prefix .. 'flows', up.id) == 1 then
        redis.call('ZADD', prefix .. 'kids:' .. up.id, up.part, id)
      end
    end
    if more.expiresMs or next(todo) then setEnds(id, at, todo, more.expiresMs) end
    if more.waits then
      local waits = more.waits
      redis.call('HSET', prefix .. 'flows', id,
        cjson.encode({ children = waits.children, input = waits.input, isGroup = waits.isGroup, done = 0 }))
    elseif startAt > nowMs then
      redis.call('ZADD', later, startAt, id)
      ring(at.queue)
    else
      W.enter(id, at.line, at.options.priority)
    end
    index(id, tags, nowText)
    if more.isLast then setLast(id, at) end
    if more.announce then
      append(id, at.task, 'PENDING', 'attempt', 0, unpack(aboutOf(at.owner, at.options.trace)))
    end
    if more.waits and more.waits.children == 0 then
      W.complete(id, at, { children = 0, input = more.waits.input, isGroup = more.waits.isGroup }, record)
    end
  end
`
