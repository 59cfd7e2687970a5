/**
 * Lua that the scripts of consumer groups share. A group is a consumer group of the stream, which knows who holds what
 * and how often it was delivered; what Redis does not know of it is in keys that begin with `g:<group>`:
 *
 * | key                 | type   | holds                                                                     |
 * |---------------------|--------|---------------------------------------------------------------------------|
 * | `g:<group>`         | HASH   | its rules, its `place` as a cursor, its `floor`, and the gap that it told |
 * | `g:<group>:due`     | ZSET   | id of a pending record → ms when it is due for redelivery                 |
 * | `g:<group>:members` | ZSET   | member → ms of its last pull                                              |
 * | `g:<group>:dead`    | STREAM | its dead letters                                                          |
 *
 * When a record is due is kept by our own clock and not as Redis's idle time, so that what is due next is one look and
 * not a walk along all that is pending.
 */
import { lua } from '../script.ts'
import { number } from './number.ts'

/** Whoever holds what was released; no member is called so. */
export const NOBODY = '(none)'

/** Records of other writers that are passed over to find out where one of them stands among ours. */
const LOOK_AHEAD = 20

/** Takes the keys `outcomes`, `groups` and `held` and the arguments `group`, `groupPrefix` and `streamCap`. */
export const group = lua`
  local base = groupPrefix .. group
  local dueKey, membersKey, deadKey = base .. ':due', base .. ':members', base .. ':dead'

  local function field(fields, name)
    for at = 1, #fields, 2 do
      if fields[at] == name then return fields[at + 1] end
    end
    return nil
  end
  ${number}
  -- Padded, ids are in order as texts as well.
  local function padded(id)
    local ms, n = string.match(id, '^(%d+)-(%d+)$')
    return string.format('%s-%012d', ms, n)
  end
  local function unpadded(text)
    local ms, n = string.match(text, '^(%d+)-0*(%d+)$')
    return ms .. '-' .. n
  end
  -- The number of the last record of ours before an id; a record of other writers has none of its own.
  local function before(id, otherwise)
    for _, record in ipairs(redis.call('XRANGE', outcomes, id, '+', 'COUNT', ${LOOK_AHEAD})) do
      local seq = tonumber(numberOf(record[2]))
      if seq then return seq - 1 end
    end
    return otherwise
  end
  -- The slowest group says what must stay.
  local function holdAll()
    local slowest = redis.call('ZRANGE', groups, 0, 0)[1]
    if slowest then
      redis.call('SET', held, redis.call('HGET', groupPrefix .. slowest, 'floor') .. ' ' .. streamCap)
    else
      redis.call('DEL', held)
    end
  end
  local function hold(placeId, placeSeq)
    local _, oldest = unpack(redis.call('XPENDING', outcomes, group))
    local floorId, floorSeq = placeId, placeSeq
    if oldest then floorId, floorSeq = oldest, before(oldest, placeSeq) end
    floorSeq = string.format('%d', floorSeq)
    redis.call('HSET', base, 'floor', floorId .. ' ' .. floorSeq)
    redis.call('ZADD', groups, floorSeq, group)
    holdAll()
  end
  local function placeOf(cursor)
    local id, seq = string.match(cursor, '^(.+)%.(%d+)$')
    return id, tonumber(seq)
  end
`
