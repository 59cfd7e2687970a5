/** Lua that several scripts share: what a record says, without reading its input. */
import { RECORD_VERSION } from '../record.ts'
import { lua } from '../script.ts'

/**
 * `isKnown(record)`: whether this version can read it. `header(record)`: the JSON of its task, of its owner
 * (`null` for none), and of its options (`0` for none). `plain(json)`: the text that a JSON string says.
 *
 * Names without escapes, which is all but the odd one, are cut out; others cost a parse of the whole record.
 */
export const header = lua`
  local function isKnown(record)
    return string.find(record, '[${RECORD_VERSION},', 1, true) == 1
  end
  local function header(record)
    local task, at = string.match(record, '^%[${RECORD_VERSION},("[^"\\]*"),()')
    local owner, rest
    if task then
      owner, rest = string.match(record, '^(null),()', at)
      if not owner then owner, rest = string.match(record, '^("[^"\\]*"),()', at) end
    end
    if owner then return task, owner, string.match(record, '^%b{}', rest) or '0' end
    local isRead, parts = pcall(cjson.decode, record)
    if not isRead then return '"?"', 'null', '0' end
    local options = '0'
    if type(parts[4]) == 'table' then
      local inner = string.gsub(string.sub(cjson.encode(parts[4]), 2, -2), '[{}]', { ['{'] = '\u007b', ['}'] = '\u007d' })
      options = '{' .. inner .. '}'
    end
    return cjson.encode(parts[2]), parts[3] == cjson.null and 'null' or cjson.encode(parts[3]), options
  end
  local function plain(json)
    if not string.find(json, '\\', 1, true) then return string.sub(json, 2, -2) end
    return cjson.decode('[' .. json .. ']')[1]
  end
`
