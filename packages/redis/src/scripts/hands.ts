/** Lua that several scripts share: the jobs that are in the hands of sessions. */
import { lua } from '../script.ts'
import { ring } from './line.ts'

/**
 * An entry of `active` that is no job, there as long as any job is. Redis makes a listpack of a small hash,
 * in which every look, claim and settlement is a search; a value above 64 bytes prevents that, and saves 15 %
 * of all work.
 */
export const ANCHOR = '_'
export const ANCHOR_TEXT =
  'no job: keeps this hash a hash table, which Redis would pack into a list while it is small'

/** `tidy()` takes the anchor away when it holds nothing. Takes the key `active`. */
export const tidy = lua`
  local function tidy()
    if redis.call('HLEN', active) == 1 then redis.call('HDEL', active, '${ANCHOR}') end
  end
`

/** Values that one command takes from `unpack`: Lua's stack ends near 8,000. */
const CHUNK = 1_000

/**
 * `handBack(sessions, isCounted)` puts the jobs that some sessions hold back at the head of the line, oldest
 * first, since ids tell their age. Answers how many. Takes the keys `active`, `wait`, `wake`, `tries` and
 * `progress`.
 */
export const handBack = lua`
  ${ring}
  ${tidy}
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
    if #ids > 0 then
      tidy()
      ring()
    end
    return #ids
  end
`
