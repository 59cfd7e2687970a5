/** Lua that several scripts share: what time it is. */
import { lua } from '../script.ts'

/**
 * `nowMs`, and `nowText` for commands: the one moment of this call, by the server's clock; tests pass their
 * own. Takes the argument `now`.
 */
export const time = lua`
  local nowMs = tonumber(now)
  if not nowMs then
    local clock = redis.call('TIME')
    nowMs = clock[1] * 1000 + math.floor(clock[2] / 1000)
  end
  local nowText = string.format('%d', nowMs)
`

/**
 * Sets `moment` to `nowMs` as `2025-12-16T15:00:00.000Z`. Lua has no calendar here, so the day is computed
 * (civil_from_days).
 */
export const calendar = lua`
  do
    local floor = math.floor
    local days = floor(nowMs / 86400000)
    local rest = nowMs - days * 86400000
    local shifted = days + 719468
    local era = floor(shifted / 146097)
    local doe = shifted - era * 146097
    local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
    local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
    local march = floor((5 * doy + 2) / 153)
    local day = doy - floor((153 * march + 2) / 5) + 1
    local month = march < 10 and march + 3 or march - 9
    local year = yoe + era * 400 + (month <= 2 and 1 or 0)
    moment = string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, day, floor(rest / 3600000),
      floor(rest / 60000) % 60, floor(rest / 1000) % 60, rest % 1000)
  end
`
