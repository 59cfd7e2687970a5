import type { LimitRule, PauseTarget } from '@lovage/core'
import { JOB_KEYS } from '../keys.ts'
import { defineScript, headed, lua } from '../script.ts'
import { feed } from './feed.ts'
import { tidy } from './hands.ts'
import { header } from './header.ts'
import { ring } from './line.ts'
import { works } from './works.ts'

const common = lua`
  ${feed}
  ${header}
  ${ring}
  ${tidy}
  ${works}
  -- Whatever waits at a gate that this may have opened goes on.
  local function reopen(isMeant)
    for _, lane in ipairs(redis.call('HKEYS', prefix .. 'lanes')) do
      local task, key = works().gatesOf(lane)
      if isMeant(task) then works().freed(task) end
      if key and isMeant(key) then works().freed(key) end
    end
  end
`

/**
 * Sets limits and takes them away, and counts anew who stands at which gate: what runs already counts. Items:
 * `gate, rule` for each, the rule as JSON or empty. Rare, so it may look at all that runs.
 */
export const limit = defineScript({
  name: 'limit',
  keys: JOB_KEYS,
  args: ['now', 'streamMaxLen', 'prefix', 'resultsMax'],
  repeatable: true,
  body: lua`
    ${common}
    local limits, slots, taken = prefix .. 'limits', prefix .. 'slots', prefix .. 'taken'
    local isChanged = false
    for at = items + 1, #ARGV, 2 do
      local gate, rule = ARGV[at], ARGV[at + 1]
      if (redis.call('HGET', limits, gate) or '') ~= rule then
        isChanged = true
        if rule == '' then redis.call('HDEL', limits, gate) else redis.call('HSET', limits, gate, rule) end
      end
    end
    if not isChanged then return 'limited' end

    local W = works()
    local standing = {}
    local function slotOf(lane, isInLane)
      local task, key, isOrdered = W.gatesOf(lane)
      local gates, queue = {}, 'q:' .. W.queueOf(lane)
      if W.ruleOf(queue) then gates[1] = queue end
      if isInLane or W.ruleOf(task) then gates[#gates + 1] = task end
      gates[#gates + 1] = key
      if #gates > 0 then return cjson.encode({ gates = gates, ordered = isOrdered }) end
    end
    local held = redis.call('HGETALL', active)
    for i = 1, #held, 2 do
      local record = string.find(held[i + 1], '@%d+$') and redis.call('HGET', jobs, held[i])
      if record and isKnown(record) then
        local at = W.placeOf(record)
        local options = at.options
        local lane = W.laneOf(at.queue, at.name, options.lane or '', options.ordered)
        standing[held[i]] = slotOf(lane, options.lane ~= nil)
      end
    end
    -- Those that linger have their places written down with them.
    local lingering = redis.call('HGETALL', prefix .. 'lingering')
    local stray = {}
    for i = 1, #lingering, 2 do
      local all = cjson.decode(lingering[i + 1])
      for _, one in ipairs(all) do
        one.slot = slotOf(one.lane, true)
        stray[#stray + 1] = one.slot
      end
      redis.call('HSET', prefix .. 'lingering', lingering[i], cjson.encode(all))
    end
    -- Ordered ones that wait for a retry keep what they have.
    local kept = redis.call('HGETALL', slots)
    for i = 1, #kept, 2 do
      if not standing[kept[i]] and redis.call('ZSCORE', later, kept[i]) then standing[kept[i]] = kept[i + 1] end
    end
    redis.call('DEL', slots, taken)
    local function count(slot)
      for _, gate in ipairs(cjson.decode(slot).gates) do redis.call('HINCRBY', taken, gate, 1) end
    end
    for id, slot in pairs(standing) do
      redis.call('HSET', slots, id, slot)
      count(slot)
    end
    for _, slot in ipairs(stray) do count(slot) end
    reopen(function() return true end)
    for at = items + 1, #ARGV, 2 do
      if string.sub(ARGV[at], 1, 2) == 'q:' then W.freed(ARGV[at]) end
    end
    return 'limited'
  `,
  decode: headed(['limited'], () => undefined),
})

const LETTERS = { queue: 'q', task: 't', key: 'k' } as const

/** A name as it stands in the names of gates: as in JSON, so that it has no line feed. */
const nameIn = (name: string): string => JSON.stringify(name).slice(1, -1)

export const limitItems = (rules: readonly LimitRule[]): string[] =>
  rules.flatMap(({ of, name, limit: rule }) => [
    `${LETTERS[of]}:${nameIn(name)}`,
    rule === null ? '' : JSON.stringify(rule),
  ])

/** Closes a gate, or opens it again. Answers whether it was otherwise before. */
export const pause = defineScript({
  name: 'pause',
  keys: JOB_KEYS,
  args: ['now', 'streamMaxLen', 'prefix', 'resultsMax', 'gate', 'to'],
  repeatable: true,
  body: lua`
    ${common}
    local paused = prefix .. 'paused'
    if to == 'closed' then
      return redis.call('HSETNX', paused, gate, nowText) == 1 and 'changed' or 'same'
    end
    if redis.call('HDEL', paused, gate) == 0 then return 'same' end
    if string.sub(gate, 1, 2) == 'q:' then works().freed(gate)
    else reopen(function(other) return other == gate end) end
    return 'changed'
  `,
  decode: headed(['changed', 'same'], (word) => word === 'changed'),
})

export function gateOf(target: PauseTarget): string {
  if ('queue' in target) return `q:${nameIn(target.queue)}`
  return 'key' in target ? `k:${nameIn(target.task)}\n${target.key}` : `t:${nameIn(target.task)}`
}

/** The other side of `gateOf`. */
export function targetOf(gate: string): PauseTarget {
  const [, name = '', key] = /^..([^\n]*)(?:\n([^]*))?$/.exec(gate) ?? []
  const plain = JSON.parse(`"${name}"`) as string
  if (gate.startsWith('q:')) return { queue: plain }
  return key === undefined ? { task: plain } : { task: plain, key }
}
