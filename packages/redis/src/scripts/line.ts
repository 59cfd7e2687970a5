/** Lua that several scripts share: the line of waiting jobs. */
import { lua } from '../script.ts'

/** `ring()` leaves the marker that wakes one idle worker. Takes the key `wake`. */
export const ring = lua`
  local function ring()
    if redis.call('EXISTS', wake) == 0 then redis.call('RPUSH', wake, '1') end
  end
`
