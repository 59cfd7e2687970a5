/** Lua that several scripts share: the line of waiting jobs. */
import { lua } from '../script.ts'

/** `ring(queue)` leaves the marker that wakes one idle worker of a queue. Takes the argument `prefix`. */
export const ring = lua`
  local function ring(queue)
    local wake = prefix .. 'wake:' .. queue
    if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
  end
`
