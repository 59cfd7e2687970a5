import { type Delivery, WINDOW_MAX } from '@lovage/core'
import { defineScript, lua } from '../script.ts'
import { groupEvenWhenFull } from './full.ts'
import { group, NOBODY } from './group.ts'

/**
 * Settles deliveries. One that is no longer pending is settled; one that is pending as another delivery is not.
 *
 * Items: `member, id, deliveries` for each. Answers `1` or `0` for each.
 */
export const ack = defineScript({
  name: 'ack',
  keys: ['outcomes', 'held', 'groups'],
  args: ['streamCap', 'groupPrefix', 'group'],
  repeatable: true,
  body: lua`
    ${groupEvenWhenFull}
    ${group}
    local settled, ids, dues = {}, {}, {}
    local function settleGap(member, tellings)
      local missed, told, gapTo, current = unpack(
        redis.call('HMGET', base, 'missed', 'told', 'gapTo', 'tellings'))
      if missed == '0' then return 1 end
      if gapTo ~= member or current ~= tellings then return 0 end
      redis.call('HSET', base, 'missed', missed - told, 'gapTo', '')
      return 1
    end
    local isThere = redis.call('EXISTS', base) == 1
    for at = items + 1, #ARGV, 3 do
      local member, id, deliveries = ARGV[at], ARGV[at + 1], ARGV[at + 2]
      local answer = 1
      if isThere and id == 'gap' then
        answer = settleGap(member, deliveries)
      elseif isThere then
        local found = redis.pcall('XPENDING', outcomes, group, id, id, 1)
        local one = not found.err and found[1]
        if one and one[2] == member and one[4] == tonumber(deliveries) then
          redis.call('XACK', outcomes, group, id)
          redis.call('ZREM', dueKey, padded(id))
        elseif one then
          answer = 0
        end
      end
      settled[#settled + 1] = answer
    end
    return settled
  `,
  decode: (reply) => (reply as number[]).map((settled) => settled === 1),
})

export const ackItems = ({ member, id, deliveries }: Delivery): (string | number)[] => [
  member,
  id,
  deliveries,
]

/**
 * Takes all that a member holds from it, due at once, and forgets the member.
 *
 * Items: `id, deliveries` of those that it has looked at.
 */
export const release = defineScript({
  name: 'release',
  keys: ['outcomes', 'held', 'groups'],
  args: ['streamCap', 'groupPrefix', 'group', 'member'],
  repeatable: true,
  body: lua`
    ${groupEvenWhenFull}
    ${group}
    if redis.call('EXISTS', base) == 0 then return 'gone' end
    local seen = {}
    for at = items + 1, #ARGV, 2 do seen[ARGV[at]] = tonumber(ARGV[at + 1]) end
    local pending = redis.pcall('XPENDING', outcomes, group, '-', '+', ${WINDOW_MAX}, member)
    if pending.err then return 'gone' end
    for _, one in ipairs(pending) do
      local id, deliveries = one[1], one[4]
      if #redis.call('XRANGE', outcomes, id, id) == 0 then
        redis.call('XACK', outcomes, group, id)
        redis.call('ZREM', dueKey, padded(id))
        redis.call('HINCRBY', base, 'missed', 1)
      else
        if seen[id] ~= deliveries then deliveries = deliveries - 1 end
        redis.call('XCLAIM', outcomes, group, '${NOBODY}', 0, id, 'RETRYCOUNT', deliveries, 'JUSTID')
        redis.call('ZADD', dueKey, 0, padded(id))
      end
    end
    redis.call('XGROUP', 'DELCONSUMER', outcomes, group, member)
    redis.call('ZREM', membersKey, member)
    if redis.call('HGET', base, 'gapTo') == member then redis.call('HSET', base, 'gapTo', '') end
    return 'released'
  `,
  decode: () => undefined,
})
