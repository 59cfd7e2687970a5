/** Lua that several scripts share: what time it is. */
import { lua } from '../script.ts'

/**
 * `nowMs`, and `nowText` for commands: the one moment of this call, by the server's clock; tests pass their
 * own. Takes the argument `now`.
 */
export const time = lua`
  local nowMs, nowText = tonumber(now), nil
  if nowMs then
    nowText = string.format('%d', nowMs)
  else
    -- As text, which costs less than numbers do: seconds, and microseconds without zeros before them.
    local clock = redis.call('TIME')
    nowText = clock[1] .. string.sub('00000' .. clock[2], -6, -4)
    nowMs = tonumber(nowText)
  end
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

const SECONDS_CHARS = 10

/** Sets `moment` as `calendar` does, and need not compute the date in the second that `second` tells. */
export const calendarBy = lua`
  if string.sub(second, 1, ${SECONDS_CHARS}) == string.sub(nowText, 1, -4) then
    moment = string.sub(second, ${SECONDS_CHARS + 1}) .. string.sub(nowText, -3) .. 'Z'
  else
    ${calendar}
  end
`

/** That text: Unix seconds, and how the stamps of that second begin, as in `17658972002025-12-16T15:00:00.`. */
export function secondOf(nowMs: number): string {
  const seconds = Math.floor(nowMs / 1_000)
  if (seconds !== lastSeconds) {
    lastSeconds = seconds
    lastSecond = `${seconds}${new Date(nowMs).toISOString().slice(0, -'000Z'.length)}`
  }
  return lastSecond
}

let lastSeconds: number | undefined
let lastSecond = ''
