/**
 * Lua of `step`: delayed jobs that have come due, where all of them are plain.
 *
 * They need not go through the line where a step has room for all who wait in it, and more: it claims them from where they
 * are, and puts in line those for which it has none. Of a flood, more than one step does, it leaves these where they are:
 * the next step takes them.
 */
import { lua } from '../script.ts'
import { RECORD_VERSION } from '../record.ts'
import { keepSince } from './depths.ts'

/** Things that are due of which one step does so many: it bounds how long others wait for the server. */
export const DUE_MAX = 200
/** Whoever claims fewer puts also those of a flood in line: it would be long before the last of them is seen there. */
const FLOOD_CLAIM = 50

const TEXT = '"[^"\\\\]*"'
/** Lua's pattern for nearly all records without options: a fifth of what it takes to part one. */
export const PLAIN = `^%[${RECORD_VERSION},${TEXT},null,0,`
/** The same for those that have an owner. */
const OWNED = `^%[${RECORD_VERSION},${TEXT},${TEXT},0,`

/**
 * Where the first of `later` is due: `dueIds` and `dueRecords` of those that this step does, and `isFlood` where more are due;
 * or `isPlain` becomes false. Uses the time.
 */
export const seeDue = lua`
  dueIds = redis.call('ZRANGE', later, '-inf', nowText, 'BYSCORE', 'LIMIT', '0', '${DUE_MAX}')
  isFlood = #dueIds == ${DUE_MAX} and tonumber(claim) >= ${FLOOD_CLAIM}
  if isFlood then
    for n = claim + 1, ${DUE_MAX} do dueIds[n] = nil end
  end
  dueRecords = redis.call('HMGET', jobs, unpack(dueIds))
  for _, record in ipairs(dueRecords) do
    isPlain = record and (string.find(record, '${PLAIN}') or string.find(record, '${OWNED}'))
    if not isPlain then break end
  end
`

/** Behind those of the line: as many as there is room for. Uses what `takePlain` does; `direct` says how many. */
export const claimDue = lua`
  direct = math.min(free, #dueIds)
  free = free - direct
  for n = 1, direct do
    local id = dueIds[n]
    taken = taken + 1
    claimed[taken] = id
    records[taken] = dueRecords[n]
    holds[2 * taken - 1] = id
    holds[2 * taken] = hold
  end
`

/** Takes what is due out of `later`, and puts those in line that were not claimed. */
export const leaveLater = lua`
  local count = #dueIds
  if isFlood and direct >= ${FLOOD_CLAIM} then count = direct end
  redis.call('ZREMRANGEBYRANK', later, '0', count - 1)
  if hasTries then redis.call('SREM', retry, unpack(dueIds, 1, count)) end
  local entries, entryCount = {}, 0
  -- Nobody waits since then, unless one of them is handed back.
  if direct > 0 then entries[1], entries[2], entryCount = nowText, nowText, 2 end
  if count > direct then
    redis.call('RPUSH', wait, unpack(dueIds, direct + 1, count))
    for n = direct + 1, count do
      entries[entryCount + 1] = nowText
      entries[entryCount + 2] = dueIds[n]
      entryCount = entryCount + 2
    end
  end
  ${keepSince}
`
