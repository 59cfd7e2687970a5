/**
 * Lua that several scripts share: all that only jobs with more than a place in the plain line need.
 *
 * Its functions are made when first asked for. A script that meets plain jobs alone, which is what most do most of
 * the time, does not pay for them.
 */
import { lua } from '../script.ts'
import { countResults } from './count-results.ts'
import { endings } from './endings.ts'
import { lanes } from './lanes.ts'

/**
 * `works()` is a table of functions; whoever ends jobs by it calls `boundResults()` in the end. Takes the arguments `prefix`
 * and `resultsMax` and every key, and uses `feed`, `header`,
 * `ring` and `tidy`.
 */
export const works = lua`
  ${countResults}
  local W
  local function works()
    if W then return W end
    W = { deferMs = 0 }
    ${lanes}
    ${endings}
    return W
  end
`
