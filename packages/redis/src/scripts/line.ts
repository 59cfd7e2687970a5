/** Lua that several scripts share: the line of waiting jobs. */
import { lua } from '../script.ts'

/** `ring(queue)` leaves the marker that wakes one idle worker of a queue. Takes the argument `prefix`. */
export const ring = lua`
  local function ring(queue)
    local wake = prefix .. 'wake:' .. queue
    if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
  end
`

/**
 * Where the former life of a job was cancelled and its outcome forgotten, a line may have its id still: it is taken out.
 * Takes the key `tombs` and the argument `prefix`.
 *
 * @param id A local of the script.
 */
export const takenOut = (id: string) => lua`
  local grave = redis.call('HGET', tombs, ${id})
  if grave then
    redis.call('HDEL', tombs, ${id})
    redis.call('LREM', prefix .. 'wait:' .. grave, 0, ${id})
  end
`
