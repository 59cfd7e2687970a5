/** Lua of `enqueue`: jobs of which there is more to say than a delay. */
import { lua } from '../script.ts'

/** How long after the last job with a tag its index is kept, and the last job of a task is known: 30 days. */
export const INDEX_MS = 2_592_000_000
/** Entries at the old end of a tag that one enqueue looks at: two for each that comes keep the index near what is known. */
const SWEEP = 2

/**
 * `putSpecial(id, record, more)` enqueues one. `more` is what `moreOf` (`enqueue-items.ts`) wrote. Answers the id of
 * the job that stands for it, if one does, and whether it was rejected for that.
 */
export const special = lua`
  local function putSpecial(id, record, more)
    local W = works()
    local at = W.placeOf(record)
    local alone, timers = prefix .. 'alone', prefix .. 'timers'
    local todo, isTodo = { names = {} }, false
    local delayMs = more.delayMs

    for _, rule in ipairs(more.unique or {}) do
      if rule.type == 'once' then
        local other = redis.call('GET', prefix .. 'once:' .. rule.name)
        if other then return other end
      else
        local name = (rule.type == 'alone' and 'a:' or 'd:') .. rule.name
        local other, since = string.match(redis.call('HGET', alone, name) or '', '^([^\n]*)\n(.*)$')
        if other and redis.call('HEXISTS', jobs, other) == 1 then
          if rule.type == 'debounce' then
            if redis.call('ZSCORE', later, other) and redis.call('HEXISTS', tries, other) == 0 then
              redis.call('HSET', jobs, other, record)
              redis.call('ZADD', later, math.min(nowMs + delayMs, since + rule.maxWaitMs), other)
              ring(at.queue)
              return other
            end
          elseif rule.onBusy == 'reject' then return other, true
          elseif rule.onBusy == 'return' then return other
          else
            local busy = redis.call('HGET', jobs, other)
            W.cancelOne(other, W.placeOf(busy), nil, 'replaced by ' .. id, rule.ttlMs)
          end
        end
      end
    end
    for _, rule in ipairs(more.unique or {}) do
      if rule.type == 'once' then
        redis.call('SET', prefix .. 'once:' .. rule.name, id, 'PX', rule.windowMs)
      else
        local name = (rule.type == 'alone' and 'a:' or 'd:') .. rule.name
        redis.call('HSET', alone, name, id .. '\n' .. nowText)
        todo.names[#todo.names + 1] = name
        isTodo = true
      end
    end

    redis.call('HSET', jobs, id, record)
    if more.parent then
      todo.parent = { id = more.parent.id, part = more.parent.part, onFailure = more.parent.onFailure }
      isTodo = true
      redis.call('ZADD', prefix .. 'kids:' .. more.parent.id, more.parent.part, id)
    end
    if more.expiresMs then
      redis.call('ZADD', timers, string.format('%d', nowMs + more.expiresMs), 'x:' .. id)
      todo.expires = true
      isTodo = true
      ring(at.queue)
    end
    if isTodo then
      if #todo.names == 0 then todo.names = nil end
      redis.call('HSET', prefix .. 'ends', id, cjson.encode(todo))
    end

    if more.waits then
      redis.call('HSET', prefix .. 'flows', id, cjson.encode({
        children = more.waits.children, input = more.waits.input, isGroup = more.waits.isGroup, done = 0 }))
    elseif delayMs > 0 then
      redis.call('ZADD', later, nowMs + delayMs, id)
      ring(at.queue)
    else
      W.enter(id, at.line, at.options.priority)
    end

    for _, tag in ipairs(at.options.tags or {}) do
      local index = prefix .. 'tag:' .. tag
      for _, old in ipairs(redis.call('ZRANGE', index, '0', '${SWEEP - 1}')) do
        if redis.call('HEXISTS', jobs, old) == 0 and redis.call('EXISTS', resultPrefix .. old) == 0 then
          redis.call('ZREM', index, old)
        end
      end
      redis.call('ZADD', index, nowText, id)
      redis.call('PEXPIRE', index, '${INDEX_MS}')
    end
    if more.isLast then
      redis.call('SET', prefix .. 'last:' .. at.task .. '\n' .. (at.owner or ''), id, 'PX', '${INDEX_MS}')
    end
  end
`
