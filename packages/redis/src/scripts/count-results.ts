/** Lua that several scripts share: of outcomes no more are kept than the store was told. */
import { lua } from '../script.ts'

/** Ids that are pushed, or swept away, by one command: Lua's stack ends near 8,000. */
const CHUNK = 1_000

/**
 * `countResult(id)`: its outcome was written. `boundResults()` must be called once after all of them: counting them
 * together is what makes it cheap. Takes the arguments `prefix` and `resultsMax`.
 *
 * `results` has their ids, oldest first. Most leave it because their time is over: where the oldest one is gone, as many
 * are looked at as have come, twice.
 */
export const countResults = lua`
  local counted, countedCount = {}, 0
  local function countResult(id)
    countedCount = countedCount + 1
    counted[countedCount] = id
  end
  local function isGone(id)
    return redis.call('EXISTS', prefix .. 'r:' .. id) == 0
  end
  local function boundResults()
    if countedCount == 0 or resultsMax == '0' then return end
    local results, length = prefix .. 'results', 0
    for from = 1, countedCount, ${CHUNK} do
      length = redis.call('RPUSH', results, unpack(counted, from, math.min(from + ${CHUNK - 1}, countedCount)))
    end
    local excess = math.min(length - resultsMax, 2 * countedCount)
    while excess > 0 do
      local old = redis.call('LPOP', results, math.min(excess, ${CHUNK}))
      for n = 1, #old do old[n] = prefix .. 'r:' .. old[n] end
      redis.call('UNLINK', unpack(old))
      excess = excess - #old
    end
    local oldest = redis.call('LINDEX', results, 0)
    if oldest and isGone(oldest) then
      local gone = 1
      local heads = redis.call('LRANGE', results, 0, 2 * countedCount)
      while gone < #heads and isGone(heads[gone + 1]) do gone = gone + 1 end
      redis.call('LTRIM', results, gone, '-1')
    end
  end
`
