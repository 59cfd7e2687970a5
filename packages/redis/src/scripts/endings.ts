/**
 * Lua that several scripts share: how jobs end otherwise than by their handler, and what else ends with them.
 *
 * `ends` says, for the few jobs that need it, what must be done when they end: names that become free, an
 * expiry that is moot, a parent that waits.
 */
import { FLOW_EXPIRED, FLOW_FAILED, SHOWN_OPTIONS } from '@lovage/core'
import { INLINE_MAX } from '../stream-record.ts'
import { lua } from '../script.ts'
import { tell } from './ctl.ts'

/** Inside `works` (`works.ts`), after `lanes`. Defines `cancelOne`, `expire`, `ended` and `pastOf`. */
export const endings = lua`
  local ends, alone, flows, lingering = prefix .. 'ends', prefix .. 'alone', prefix .. 'flows', prefix .. 'lingering'
  local history = prefix .. 'history'
  local shownOptions = { ${SHOWN_OPTIONS.map((name) => `'${name}'`).join(', ')} }
  local cancelOne, ended

  -- Attempts before the last one, as they stand in an outcome.
  local function pastOf(id)
    local past = redis.call('HGET', history, id)
    return past and ',"history":[' .. string.gsub(past, '\n', ',') .. ']' or ''
  end
  local function keep(id, at, ttlMs, head, attempt, startedAt)
    if not ttlMs or ttlMs <= 0 then return end
    local document = head .. pastOf(id) .. ',"task":' .. at.taskJson
    if at.owner then document = document .. ',"owner":' .. at.ownerJson end
    if at.options.trace then document = document .. ',"trace":"' .. at.options.trace .. '"' end
    if attempt ~= 1 then document = document .. ',"attempt":' .. attempt end
    local asked = {}
    for _, name in ipairs(shownOptions) do asked[name] = at.options[name] end
    if next(asked) then document = document .. ',"options":' .. cjson.encode(asked) end
    if startedAt then document = document .. ',"started":' .. startedAt end
    document = document .. ',"date_done":"' .. stamp() .. '"}'
    redis.call('SET', prefix .. 'r:' .. id, document, 'PX', string.format('%d', ttlMs))
    countResult(id)
  end
  local function tell(id, at, status, label, value, ...)
    local more = { ... }
    for _, field in ipairs(aboutOf(at.owner, at.options.trace)) do more[#more + 1] = field end
    append(id, at.task, status, label, value, unpack(more))
  end
  local function wipe(id)
    redis.call('HDEL', jobs, id)
    redis.call('HDEL', tries, id)
    redis.call('HDEL', history, id)
  end
  local function childrenOf(id)
    local children = redis.call('ZRANGE', prefix .. 'kids:' .. id, '0', '-1')
    redis.call('HDEL', flows, id)
    redis.call('DEL', prefix .. 'kids:' .. id, prefix .. 'parts:' .. id)
    return children
  end
  local function cancelAll(parent, ids, by, reason, ttlMs)
    for _, id in ipairs(ids) do
      local record = redis.call('HGET', jobs, id)
      local todo = record and redis.call('HGET', ends, id)
      local up = todo and cjson.decode(todo).parent
      -- The child may have ended, and its id live again elsewhere.
      if up and up.id == parent then cancelOne(id, placeOf(record), by, reason, ttlMs, true) end
    end
  end

  local function failParent(id, at, message)
    wipe(id)
    local children = childrenOf(id)
    local name = 'DEPENDENCY_FAILED'
    local head = '{"status":"FAILURE","error":{"name":"' .. name .. '","message":' .. cjson.encode(message) .. '}'
    keep(id, at, at.options.ttlMs, head, 0)
    tell(id, at, 'FAILURE', 'error', message, 'error_name', name, 'attempt', '0')
    cancelAll(id, children, nil, '${FLOW_FAILED}')
    ended(id, at, 'failed', name, message)
  end
  -- All parts are there: the parent runs with them, or they are its result.
  local function complete(id, at, flow, record)
    local jsons, metas, wholeMeta = {}, {}, nil
    local parts = prefix .. 'parts:' .. id
    for n = 1, flow.children do
      local text = redis.call('HGET', parts, n - 1)
      local kind = string.sub(text, 1, 1)
      local border = string.find(text, '\n', 1, true)
      local json = string.sub(text, 2, (border or 0) - 1)
      local path = flow.input == 'list' and tostring(n - 1) or ''
      if kind == 'k' then
        json = '{"ok":true,"value":' .. json .. '}'
        path = path .. (path == '' and '' or '.') .. 'value'
      elseif kind == 'e' then
        json = '{"ok":false,"error":' .. json .. '}'
      end
      jsons[n] = json
      if border and path == '' then wholeMeta = string.sub(text, border + 1)
      elseif border then metas[#metas + 1] = '[' .. cjson.encode(path) .. ',' .. string.sub(text, border + 1) .. ']' end
    end
    local value = flow.input == 'list' and '[' .. table.concat(jsons, ',') .. ']' or jsons[1]
    local meta = #metas > 0 and '{"parts":[' .. table.concat(metas, ',') .. ']}' or wholeMeta
    childrenOf(id)
    if not flow.isGroup then
      redis.call('HSET', jobs, id, at.head .. value .. (meta and ',\n' .. meta or '') .. ']')
      return enter(id, at.line, at.options.priority)
    end
    wipe(id)
    local head = '{"status":"SUCCESS","result":' .. value .. (meta and ',"meta":' .. meta or '')
    keep(id, at, at.options.ttlMs, head, 0)
    if #value > ${INLINE_MAX} then tell(id, at, 'SUCCESS', 'ref', prefix .. 'r:' .. id, 'attempt', '0')
    elseif meta then tell(id, at, 'SUCCESS', 'result', value, 'meta', meta, 'attempt', '0')
    else tell(id, at, 'SUCCESS', 'result', value, 'attempt', '0') end
    ended(id, at, 'succeeded', value, meta)
  end
  local function tellParent(up, id, task, how, first, second)
    local text = redis.call('HGET', flows, up.id)
    local record = text and redis.call('HGET', jobs, up.id)
    if not record then return end
    local at = placeOf(record)
    local isKept = up.onFailure == 'keep'
    if how ~= 'succeeded' and not isKept then
      local why = 'Job ' .. id .. ' of task "' .. task .. '" '
      if how == 'failed' then why = why .. 'failed: ' .. first .. ': ' .. second
      elseif how == 'cancelled' then why = why .. 'was cancelled' .. (first and first ~= '' and ': ' .. first or '')
      else why = why .. 'expired' end
      return failParent(up.id, at, why)
    end
    local part
    if how == 'succeeded' then
      part = (isKept and 'k' or 'v') .. first .. (second and '\n' .. second or '')
    else
      local name, message = 'JOB_EXPIRED', ''
      if how == 'failed' then name, message = first, second
      elseif how == 'cancelled' then name, message = 'JOB_CANCELLED', first or '' end
      part = 'e{"name":' .. cjson.encode(name) .. ',"message":' .. cjson.encode(message) .. '}'
    end
    redis.call('HSET', prefix .. 'parts:' .. up.id, up.part, part)
    local flow = cjson.decode(text)
    flow.done = flow.done + 1
    if flow.input == 'list' then
      tell(up.id, at, 'PROGRESS', 'result', '{"done":' .. flow.done .. ',"total":' .. flow.children .. '}')
    end
    if flow.done == flow.children then return complete(up.id, at, flow, record) end
    redis.call('HSET', flows, up.id, cjson.encode(flow))
  end

  -- What ends with a job, by how it ended: succeeded (JSON, meta), failed (name, message), cancelled (reason), expired.
  function ended(id, at, how, first, second, isQuiet)
    local text = redis.call('HGET', ends, id)
    if not text then return end
    redis.call('HDEL', ends, id)
    local todo = cjson.decode(text)
    for _, name in ipairs(todo.names or {}) do
      if string.match(redis.call('HGET', alone, name) or '', '^[^\n]*') == id then redis.call('HDEL', alone, name) end
    end
    if todo.expires then redis.call('ZREM', timers, 'x:' .. id) end
    if todo.parent and not isQuiet then tellParent(todo.parent, id, at.task, how, first, second) end
  end

  -- Takes a job that waits, wherever it does, out of there. Answers the jobs that it waited for.
  local function unplace(id, at)
    if redis.call('ZREM', later, id) == 1 then
      redis.call('SREM', retry, id)
      release(id)
    elseif redis.call('HEXISTS', flows, id) == 1 then
      return childrenOf(id)
    else
      leave(id, at)
    end
    return {}
  end

  -- Its handler runs still, and limits count it until the session says otherwise. One id may do so more than once.
  local function linger(id, at, session)
    local text = redis.call('HGET', lingering, id)
    local all = text and cjson.decode(text) or {}
    all[#all + 1] = {
      session = session,
      lane = laneOf(at.queue, at.name, at.options.lane or '', at.options.ordered),
      slot = redis.call('HGET', slots, id) or nil,
    }
    redis.call('HSET', lingering, id, cjson.encode(all))
    redis.call('HDEL', slots, id)
  end
  -- The handlers of a cancelled job that some sessions ran have ended, or these sessions have.
  local function unlinger(id, sessions)
    local text = redis.call('HGET', lingering, id)
    if not text then return end
    local left, gone = {}, {}
    for _, one in ipairs(cjson.decode(text)) do
      if not sessions[one.session] then left[#left + 1] = one
      elseif one.slot then gone[#gone + 1] = one.slot end
    end
    if #left == 0 then redis.call('HDEL', lingering, id)
    else redis.call('HSET', lingering, id, cjson.encode(left)) end
    for _, slot in ipairs(gone) do giveBack(slot, id) end
  end

  -- Ends a live job. Answers the place of its notice.
  function cancelOne(id, at, by, reason, ttlMs, isQuiet)
    local attempt = tonumber(redis.call('HGET', tries, id) or 0)
    local session, claimedAt = string.match(redis.call('HGET', active, id) or '', '^(.*)@(%d+)$')
    local children = {}
    if session then
      attempt = attempt + 1
      redis.call('HDEL', active, id)
      tidy()
      redis.call('HDEL', progress, id)
      if redis.call('ZSCORE', workers, session) then
        local told = '{"id":' .. cjson.encode(id) .. ',"by":' .. (by and cjson.encode(by) or 'null')
          .. ',"reason":' .. (reason and cjson.encode(reason) or 'null') .. '}'
        ${tell('told')}
        linger(id, at, session)
      else
        release(id)
      end
    else
      children = unplace(id, at)
    end
    local head = '{"status":"REVOKED"' .. (by and ',"by":' .. cjson.encode(by) or '')
      .. (reason and ',"reason":' .. cjson.encode(reason) or '')
    local kept = ttlMs or at.options.ttlMs
    keep(id, at, kept, head, attempt, claimedAt)
    wipe(id)
    local more = {}
    if by then more = { 'by', by } end
    if reason then
      more[#more + 1] = 'reason'
      more[#more + 1] = reason
    end
    tell(id, at, 'REVOKED', 'attempt', attempt, unpack(more))
    local cursor = place()
    cancelAll(id, children, by, reason, ttlMs)
    ended(id, at, 'cancelled', reason, nil, isQuiet)
    return cursor
  end

  -- Ends a job that was not started in time.
  local function expire(id)
    local record = redis.call('HGET', jobs, id)
    if not record or redis.call('HEXISTS', active, id) == 1 or redis.call('HEXISTS', tries, id) == 1 then return end
    local at = placeOf(record)
    local children = unplace(id, at)
    keep(id, at, at.options.ttlMs, '{"status":"EXPIRED"', 0)
    wipe(id)
    tell(id, at, 'EXPIRED', 'attempt', '0')
    cancelAll(id, children, nil, '${FLOW_EXPIRED}')
    ended(id, at, 'expired')
  end

  W.placeOf, W.laneOf, W.gatesOf, W.isLane, W.queueOf = placeOf, laneOf, gatesOf, isLane, queueOf
  W.queueUp, W.arrive, W.complete, W.belongs = queueUp, arrive, complete, belongs
  W.ruleOf, W.freed, W.enter, W.leave, W.serve, W.hold, W.release = ruleOf, freed, enter, leave, serve, hold, release
  W.cancelOne, W.expire, W.ended, W.pastOf, W.unlinger = cancelOne, expire, ended, pastOf, unlinger
  W.budget = function() return budget, deferred end
  W.isStray, W.isPlain, W.isLeft, W.servedPlain = isStray, isPlain, isLeft, servedPlain
`
