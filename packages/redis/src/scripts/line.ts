/** Lua that several scripts share: the line of waiting jobs. */
import { lua } from '../script.ts'

/** `ring()` leaves the marker that wakes one idle worker. Takes the key `wake`. */
export const ring = lua`
  local function ring()
    if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
  end
`

/** Values that one command takes from `unpack`: Lua's stack ends near 8,000. */
export const CHUNK = 1_000

/**
 * `handBack(sessions, isCounted)` puts the jobs that some sessions hold back at the head of the line, oldest first,
 * since ids tell their age. Answers how many. Takes the keys `active`, `wait`, `wake`, `tries` and `progress`.
 */
export const handBack = lua`
  ${ring}
  local function handBack(sessions, isCounted)
    local ids = {}
    local held = redis.call('HGETALL', active)
    for i = 1, #held, 2 do
      if sessions[string.match(held[i + 1], '^(.*)@')] then ids[#ids + 1] = held[i] end
    end
    table.sort(ids, function(a, b) return a > b end)
    for from = 1, #ids, ${CHUNK} do
      local to = math.min(from + ${CHUNK} - 1, #ids)
      redis.call('HDEL', active, unpack(ids, from, to))
      redis.call('HDEL', progress, unpack(ids, from, to))
      redis.call('LPUSH', wait, unpack(ids, from, to))
    end
    if isCounted then
      for _, id in ipairs(ids) do redis.call('HINCRBY', tries, id, 1) end
    end
    if #ids > 0 then ring() end
    return #ids
  end
`
