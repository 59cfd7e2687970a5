/** Lua that several scripts share: which records of the stream are ours, as `isOurs` of `stream-record.ts` has it. */
import { STREAM_VERSION, WORDS } from '../stream-record.ts'
import { lua } from '../script.ts'

/**
 * `numberOf(fields)`: the number of a record of ours, as text; `nil` for those of others, who may have fields of the same
 * names, and of whom nothing counts.
 */
export const number = lua`
  local function numberOf(fields)
    local seq, version, status = '', '1', ''
    for at = 1, #fields, 2 do
      local name, value = fields[at], fields[at + 1]
      if name == 'seq' then seq = value
      elseif name == 'v' then version = value
      elseif name == 'status' then status = value end
    end
    if #seq > 16 or not string.find(seq, '^%d+$') then return nil end
    if #version > 9 or not string.find(version, '^%d+$') then return nil end
    if tonumber(version) > ${STREAM_VERSION} then return seq end
    return string.find('${WORDS}', ' ' .. status .. ' ', 1, true) and status ~= '' and seq or nil
  end
`
