import type { Cursor } from '@lovage/core'
import { defineScript, lua } from '../script.ts'
import { feed, optional } from './feed.ts'
import { ring } from './line.ts'

/**
 * Puts jobs in line, in order. An id that lives or has ended is passed over, so that a repeat changes
 * nothing. Answers the place in the feed before all this, and which of them (from 1) were there already.
 *
 * Items: `id, record, delayMs` for each job, then `n, task, owner` for each whose `queued` notice is wanted.
 */
export const enqueue = defineScript({
  name: 'enqueue',
  keys: ['jobs', 'wait', 'tombs', 'later', 'wake', 'outcomes', 'tail', 'held'],
  args: ['now', 'streamMaxLen', 'resultPrefix', 'count'],
  repeatable: true,
  body: lua`
    ${feed}
    ${optional}
    ${ring}
    local before = redis.call('GET', tail) or '0-0.0'
    local ids, results = {}, {}
    for n = 1, count do
      ids[n] = ARGV[items + n * 3 - 2]
      results[n] = resultPrefix .. ids[n]
    end
    local living = redis.call('HMGET', jobs, unpack(ids))
    local areEnded = redis.call('EXISTS', unpack(results)) > 0
    local areTombs = redis.call('EXISTS', tombs) == 1

    local records, line, repeated, isRepeated = {}, {}, {}, {}
    local isDelayed = false
    local seen = {}
    for n = 1, count do
      local id = ids[n]
      if living[n] or seen[id] or (areEnded and redis.call('EXISTS', results[n]) == 1) then
        repeated[#repeated + 1] = n
        isRepeated[n] = true
      else
        seen[id] = true
        records[#records + 1] = id
        records[#records + 1] = ARGV[items + n * 3 - 1]
        local delayMs = ARGV[items + n * 3]
        -- Its former life was cancelled and its outcome forgotten, but the line still has that id.
        if areTombs and redis.call('SREM', tombs, id) == 1 then redis.call('LREM', wait, 0, id) end
        if delayMs == '0' then
          line[#line + 1] = id
        else
          redis.call('ZADD', later, nowMs + delayMs, id)
          isDelayed = true
        end
      end
    end
    if #records > 0 then redis.call('HSET', jobs, unpack(records)) end
    -- An idle worker is woken when there was nothing in line, and to look when the delayed one is due.
    if (#line > 0 and redis.call('RPUSH', wait, unpack(line)) == #line) or isDelayed then ring() end

    for at = items + count * 3 + 1, #ARGV, 3 do
      local n = tonumber(ARGV[at])
      if not isRepeated[n] then
        local owner = optional(ARGV[at + 2])
        append(ids[n], ARGV[at + 1], 'PENDING', 'attempt', 0, unpack(owner and { 'owner', owner } or {}))
      end
    end
    seal()
    return { before, unpack(repeated) }
  `,
  decode(reply): { cursor: Cursor; repeated: number[] } {
    const [cursor, ...repeated] = reply as [Cursor, ...number[]]
    return { cursor, repeated }
  },
})
