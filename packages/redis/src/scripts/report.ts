import type { ProgressReport } from '@lovage/core'
import { defineScript, headed, lua } from '../script.ts'
import { toText } from '../text.ts'
import { feed, marked, optional } from './feed.ts'
import { evenWhenFull } from './full.ts'

/**
 * Writes reports of running jobs, each with its notice. Not repeatable: a second notice would be a second
 * event.
 *
 * Items: `id, claimedAt, task, owner, text, json, trace` for each report. Answers the lost ids.
 */
export const report = defineScript({
  name: 'report',
  keys: ['active', 'progress', 'outcomes', 'tail', 'held'],
  args: ['now', 'streamMaxLen', 'session'],
  repeatable: false,
  body: lua`
    ${evenWhenFull}
    ${feed}
    ${optional}
    local lost = {}
    for at = items + 1, #ARGV, 7 do
      local id, claimedAt, task, owner, text, json, trace = unpack(ARGV, at, at + 6)
      if redis.call('HGET', active, id) == session .. '@' .. claimedAt then
        redis.call('HSET', progress, id, text)
        local more = {}
        if owner ~= '' then more = { 'owner', optional(owner) } end
        if #text > #json then
          more[#more + 1] = 'meta'
          more[#more + 1] = string.sub(text, #json + 2)
        end
        if trace ~= '' then
          more[#more + 1] = 'trace'
          more[#more + 1] = trace
        end
        append(id, task, 'PROGRESS', 'result', json, unpack(more))
      else
        lost[#lost + 1] = id
      end
    end
    seal()
    return { 'reported', unpack(lost) }
  `,
  decode: headed(['reported'], (_, lost) => ({ lost: lost as string[] })),
})

export const reportItems = ({
  id,
  claimedAt,
  task,
  owner,
  data,
  trace = '',
}: ProgressReport): (string | number)[] => [
  id,
  claimedAt,
  task,
  marked(owner),
  toText(data),
  data.json,
  trace,
]
