import { SAID_KEPT_BYTES, type SaidReport } from '@lovage/core'
import { defineScript, headed, lua } from '../script.ts'
import { feed, marked, optional } from './feed.ts'

/** Characters in which the end of a record lies: three numbers and what stands around them. */
const END_CHARS = 80

/**
 * Writes what running jobs say: each part becomes a notice, and a line of `said:<id>`. That string keeps, at its end,
 * where the next part of the same hold begins; so a repeated part is known and passed over. When it has twice the
 * length that must be kept, its older half goes.
 *
 * Items: `id, claimedAt, task, owner, attempt, keepMs, type, first, next, dropped, value` for each part. Answers the
 * lost ids.
 */
export const say = defineScript({
  name: 'say',
  keys: ['active', 'outcomes', 'tail', 'held'],
  args: ['now', 'streamMaxLen', 'saidPrefix', 'session'],
  repeatable: true,
  body: lua`
    ${feed}
    ${optional}
    local lost, isLost = {}, {}
    for at = items + 1, #ARGV, 11 do
      local id, claimedAt, task, owner, attempt, keepMs = unpack(ARGV, at, at + 5)
      local type, first, next, dropped, value = unpack(ARGV, at + 6, at + 10)
      local key = saidPrefix .. id
      if redis.call('HGET', active, id) ~= session .. '@' .. claimedAt then
        if not isLost[id] then lost[#lost + 1] = id end
        isLost[id] = true
      else
        local ending = redis.call('GETRANGE', key, -${END_CHARS}, -1)
        local writer, line, char = string.match(ending, ',"next":%[(%d+),(%d+),(%d+)%]}\n$')
        if writer ~= claimedAt then line, char = '1', '0' end
        local isText = type == 'chunk'
        if tonumber(first) >= tonumber(isText and char or line) then
          if isText then char = next else line = next end
          local more = { 'first', first }
          local function add(name, text)
            more[#more + 1] = name
            more[#more + 1] = text
          end
          if owner ~= '' then add('owner', optional(owner)) end
          if attempt ~= '1' then add('attempt', attempt) end
          if dropped ~= '0' then add('dropped', dropped) end
          append(id, task, isText and 'CHUNK' or 'LOG', isText and 'text' or 'lines', value, unpack(more))
          local size = redis.call('APPEND', key, '{"cursor":"' .. place() .. '","at":' .. nowText ..
            ',"attempt":' .. attempt .. ',"first":' .. first ..
            (dropped ~= '0' and ',"dropped":' .. dropped or '') ..
            (isText and ',"text":' .. cjson.encode(value) or ',"lines":' .. value) ..
            ',"next":[' .. claimedAt .. ',' .. line .. ',' .. char .. ']}\n')
          if size > ${2 * SAID_KEPT_BYTES} then
            local newest = redis.call('GETRANGE', key, -${SAID_KEPT_BYTES}, -1)
            local border = string.find(newest, '\n', 1, true)
            -- A last record that is longer than all that must be kept is kept alone.
            if border == #newest then newest = string.match(redis.call('GET', key), '([^\n]*\n)$')
            else newest = string.sub(newest, border + 1) end
            redis.call('SET', key, newest)
          end
          redis.call('PEXPIRE', key, keepMs)
        end
      end
    end
    seal()
    return { 'said', unpack(lost) }
  `,
  decode: headed(['said'], (_, lost) => ({ lost: lost as string[] })),
})

export const saidItems = ({
  id,
  claimedAt,
  task,
  owner,
  attempt,
  keepMs,
  parts,
}: SaidReport): (string | number)[] =>
  parts.flatMap(({ type, first, count, dropped, data }) => {
    const value = type === 'log' ? data.json : (JSON.parse(data.json) as string)
    const said = [type, first, first + count, dropped, value]
    return [id, claimedAt, task, marked(owner), attempt, Math.round(keepMs), ...said]
  })
