/** Lua that several scripts share: of outcomes no more are kept than the store was told. */
import { lua } from '../script.ts'

/** How many that are too many one outcome sweeps away: the bound may have been lowered. */
const SWEEP_MAX = 10

/** `countResult(id)`: its outcome was written. Takes the arguments `prefix` and `resultsMax`. */
export const countResults = lua`
  local function countResult(id)
    if resultsMax == '0' then return end
    local results = prefix .. 'results'
    local excess = redis.call('RPUSH', results, id) - resultsMax
    if excess <= 0 then return end
    for _, old in ipairs(redis.call('LPOP', results, math.min(excess, ${SWEEP_MAX}))) do
      redis.call('UNLINK', prefix .. 'r:' .. old)
    end
  end
`
