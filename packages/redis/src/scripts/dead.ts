/** Lua of `step`: jobs that failed, kept for those who look after them. */
import { lua } from '../script.ts'

/** How many that are too old or too many one failure sweeps away. */
const SWEEP_MAX = 100

/**
 * `bury(id)` keeps the record of a job that failed. Takes the key `jobs`, and the arguments `prefix`,
 * `failedMax` and `failedMaxAgeMs`; uses the time.
 */
export const dead = lua`
  local function bury(id)
    if failedMax == '0' then return end
    local failed, dead = prefix .. 'failed', prefix .. 'dead'
    redis.call('HSET', dead, id, redis.call('HGET', jobs, id))
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
