/** Lua that several scripts share: who a record is about, without reading its input. */
import { RECORD_VERSION } from '../record.ts'
import { lua } from '../script.ts'

/**
 * `isKnown(record)`: whether this version can read it. `header(record)`: the JSON of its task and of its
 * owner (`null` for none). `plain(json)`: the text that a JSON string says.
 *
 * Names without escapes, which is all but the odd one, are cut out; others cost a parse of the whole record.
 */
export const header = lua`
  local function isKnown(record)
    return string.find(record, '[${RECORD_VERSION},', 1, true) == 1
  end
  local function header(record)
    local task, at = string.match(record, '^%[${RECORD_VERSION},("[^"\\]*"),()')
    local owner = task and (string.match(record, '^null', at) or string.match(record, '^"[^"\\]*",', at))
    if owner == 'null' then return task, owner end
    if owner then return task, string.sub(owner, 1, -2) end
    local isRead, parts = pcall(cjson.decode, record)
    if not isRead then return '"?"', 'null' end
    return cjson.encode(parts[2]), parts[3] == cjson.null and 'null' or cjson.encode(parts[3])
  end
  local function plain(json)
    if not string.find(json, '\\', 1, true) then return string.sub(json, 2, -2) end
    return cjson.decode('[' .. json .. ']')[1]
  end
`
