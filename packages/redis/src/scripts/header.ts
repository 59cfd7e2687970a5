/** Lua that several scripts share: what a record says, without reading its input. */
import { RECORD_VERSION } from '../record.ts'
import { lua } from '../script.ts'

/**
 * `isKnown(record)`: whether this version can read it. `header(record)`: the JSON of its task, of its owner
 * (`null` for none), and of its options (`0` for none). `plain(json)`: the text that a JSON string says.
 * `traceOf(options)`: the place in a trace that they name. `aboutOf(owner, trace)`: the fields of a notice for both.
 */
export const header = lua`
  local function isKnown(record)
    return string.find(record, '[${RECORD_VERSION},', 1, true) == 1
  end
  -- The JSON text that begins at a place, and the place after the comma behind it.
  local function textAt(record, at)
    local text, rest = string.match(record, '^("[^"\\]*"),()', at)
    if text then return text, rest end
    if string.sub(record, at, at) ~= '"' then return string.match(record, '^(null),()', at) end
    local from = at + 1
    while true do
      local found = string.find(record, '["\\]', from)
      if not found then return end
      if string.sub(record, found, found) == '"' then return string.sub(record, at, found), found + 2 end
      from = found + 2
    end
  end
  local function header(record)
    local task, at = textAt(record, ${`[${RECORD_VERSION},`.length + 1})
    if not task then return '"?"', 'null', '0' end
    local owner, rest = textAt(record, at)
    if not owner then return task, 'null', '0' end
    return task, owner, string.match(record, '^%b{}', rest) or '0'
  end
  -- A quote within a text is escaped: only a name can stand so.
  local function traceOf(options) return string.match(options, '"trace":"([%x-]+)"') end
  local function aboutOf(owner, trace)
    local fields = owner and { 'owner', owner } or {}
    if trace then
      fields[#fields + 1] = 'trace'
      fields[#fields + 1] = trace
    end
    return fields
  end
  local function plain(json)
    if not string.find(json, '\\', 1, true) then return string.sub(json, 2, -2) end
    return cjson.decode('[' .. json .. ']')[1]
  end
`
