/** Lua that several scripts share: of outcomes no more are kept than the store was told. */
import { lua } from '../script.ts'

/** Ids that are pushed, or swept away, by one command: Lua's stack ends near 8,000. */
const CHUNK = 1_000
/** Ids between two looks at whether the oldest are gone: few, since whoever waits for the one that looks waits for that, too. */
const LOOK_EVERY = 10

/** Of `length` ids, `countedCount` of which have come now. */
const sweep = lua`
  local excess = math.min(length - resultsMax, 2 * countedCount)
  while excess > 0 do
    local old = redis.call('LPOP', results, math.min(excess, ${CHUNK}))
    for n = 1, #old do old[n] = prefix .. 'r:' .. old[n] end
    redis.call('UNLINK', unpack(old))
    excess = excess - #old
  end
  if math.floor(length / ${LOOK_EVERY}) ~= math.floor((length - countedCount) / ${LOOK_EVERY})
    and redis.call('EXISTS', prefix .. 'r:' .. redis.call('LRANGE', results, '0', '0')[1]) == 0 then
    local heads = redis.call('LRANGE', results, 0, 2 * math.max(countedCount, ${LOOK_EVERY}))
    local gone = 0
    while gone < #heads and redis.call('EXISTS', prefix .. 'r:' .. heads[gone + 1]) == 0 do gone = gone + 1 end
    if gone > 0 then redis.call('LTRIM', results, gone, '-1') end
  end
`

/**
 * Adds the ids that `counted` holds, `countedCount` of them, to those whose outcomes are kept, and lets go of the oldest
 * where there are more than were asked for. Takes the arguments `prefix` and `resultsMax`.
 *
 * `results` has their ids, oldest first. Most leave it because their time is over: that is looked at once in ten, at the
 * oldest one, and where that is gone, at twice as many as have come since.
 */
export const sweepResults = lua`
  local results, length = prefix .. 'results', 0
  for from = 1, countedCount, ${CHUNK} do
    length = redis.call('RPUSH', results, unpack(counted, from, math.min(from + ${CHUNK - 1}, countedCount)))
  end
  ${sweep}
`

/** The same for the one id `id`. */
export const sweepOne = lua`
  local results, countedCount = prefix .. 'results', 1
  local length = redis.call('RPUSH', results, id)
  if length % ${LOOK_EVERY} == 0 or length > tonumber(resultsMax) then
    ${sweep}
  end
`

/**
 * `countResult(id)`: its outcome was written. `boundResults()` must be called once after all of them: counting them
 * together is what makes it cheap. Takes the arguments `prefix` and `resultsMax`.
 */
export const countResults = lua`
  local counted, countedCount = {}, 0
  local function countResult(id)
    countedCount = countedCount + 1
    counted[countedCount] = id
  end
  local function boundResults()
    if countedCount == 0 or resultsMax == '0' then return end
    ${sweepResults}
  end
`
