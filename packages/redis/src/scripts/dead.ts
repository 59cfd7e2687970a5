/** Lua that several scripts share: jobs that failed, kept for those who look after them. */
import { lua } from '../script.ts'

/** How many that are too old or too many one failure sweeps away. */
const SWEEP_MAX = 100

/**
 * `buried(id)`: the outcome and the record of a job that failed, as long as it is kept for a retry. Takes the arguments
 * `prefix` and `failedMaxAgeMs`; uses the time.
 */
export const buried = lua`
  local function buried(id)
    local failedAt = redis.call('ZSCORE', prefix .. 'failed', id)
    if not failedAt or failedAt + failedMaxAgeMs <= nowMs then return end
    local kept = redis.call('HGET', prefix .. 'dead', id)
    if kept then return string.match(kept, '^([^\n]*)\n(.*)$') end
  end
`

/**
 * `bury(id, outcome)` keeps the record of a job that failed, and how it did. Takes the key `jobs`, and the arguments `prefix`,
 * `failedMax` and `failedMaxAgeMs`; uses the time.
 */
export const dead = lua`
  local function bury(id, outcome)
    if failedMax == '0' then return end
    local failed, dead = prefix .. 'failed', prefix .. 'dead'
    redis.call('HSET', dead, id, outcome .. '\n' .. redis.call('HGET', jobs, id))
    redis.call('ZADD', failed, nowText, id)
    local function sweep(ids)
      if #ids == 0 then return end
      redis.call('ZREM', failed, unpack(ids))
      redis.call('HDEL', dead, unpack(ids))
    end
    local edge = string.format('%d', nowMs - failedMaxAgeMs)
    sweep(redis.call('ZRANGE', failed, '-inf', edge, 'BYSCORE', 'LIMIT', '0', '${SWEEP_MAX}'))
    local excess = redis.call('ZCARD', failed) - failedMax
    if excess > 0 then sweep(redis.call('ZRANGE', failed, '0', math.min(excess, ${SWEEP_MAX}) - 1)) end
  end
`
