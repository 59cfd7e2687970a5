import { defineScript, headed, lua } from '../script.ts'
import type { DeliveredRecord } from './pull.ts'
import { groupEvenWhenFull } from './full.ts'
import { group } from './group.ts'

/**
 * Makes a group, or gives one its rules. `scope` is what the names of its owner's groups begin with.
 *
 * The consumer group is made again where it was lost without the rest, as by hand.
 */
export const open = defineScript({
  name: 'open',
  keys: ['outcomes', 'tail', 'held', 'groups'],
  args: [
    'streamCap',
    'groupPrefix',
    'group',
    'scope',
    'tasks',
    'types',
    'owner',
    'ackWait',
    'limit',
    'from',
    'maxGroups',
  ],
  repeatable: true,
  body: lua`
    ${groupEvenWhenFull}
    ${group}
    local place = redis.call('HGET', base, 'place')
    local word = place and 'joined' or 'opened'
    if not place then
      local room = tonumber(maxGroups)
      for _, name in ipairs(redis.call('ZRANGE', groups, 0, -1)) do
        if string.sub(name, 1, #scope) == scope and not string.find(name, '/', #scope + 1, true) then
          room = room - 1
        end
      end
      if room <= 0 then return { 'full' } end
      place = from
      if from == '' then
        place = redis.call('GET', tail) or '0-0.0'
        local newest = redis.call('XREVRANGE', outcomes, '+', '-', 'COUNT', 1)[1]
        if newest then place = newest[1] .. string.match(place, '%.%d+$') end
      end
      redis.call('HSET', base, 'place', place, 'missed', 0, 'told', 0, 'gapTo', '', 'gapDue', 0, 'tellings', 0,
        'dead', 0)
    end
    redis.call('HSET', base, 'tasks', tasks, 'types', types, 'owner', owner, 'ackWait', ackWait, 'limit', limit)
    local placeId, seq = placeOf(place)
    local made = redis.pcall('XGROUP', 'CREATE', outcomes, group, placeId, 'MKSTREAM')
    if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then return made end
    hold(placeId, seq)
    return { word }
  `,
  decode: headed(['opened', 'joined', 'full'], (word) => word),
})

/** Each group as `name, pending, holders, members, place, missed, dead`, with the tail before all of them. */
export const listGroups = defineScript({
  name: 'listGroups',
  keys: ['outcomes', 'tail', 'groups'],
  args: ['groupPrefix'],
  repeatable: true,
  body: lua`
    local found = {}
    for _, name in ipairs(redis.call('ZRANGE', groups, 0, -1)) do
      local base = groupPrefix .. name
      local summary = redis.pcall('XPENDING', outcomes, name)
      if summary.err then summary = { 0 } end
      local place, missed, dead = unpack(redis.call('HMGET', base, 'place', 'missed', 'dead'))
      found[#found + 1] = { name, summary[1], summary[4] or {},
        redis.call('ZRANGE', base .. ':members', 0, -1, 'WITHSCORES'), place, missed, dead }
    end
    return { redis.call('GET', tail) or '0-0.0', found }
  `,
  decode: (reply) => reply as [tail: string, groups: ListedGroup[]],
})

export type ListedGroup = [
  name: string,
  pending: number,
  holders: [member: string, pending: string][],
  members: string[],
  place: string,
  missed: string,
  dead: string,
]

export const deleteGroup = defineScript({
  name: 'deleteGroup',
  keys: ['outcomes', 'held', 'groups'],
  args: ['streamCap', 'groupPrefix', 'group'],
  repeatable: true,
  body: lua`
    ${group}
    redis.pcall('XGROUP', 'DESTROY', outcomes, group)
    redis.call('DEL', dueKey, membersKey, deadKey)
    redis.call('ZREM', groups, group)
    holdAll()
    return { redis.call('DEL', base) == 1 and 'deleted' or 'missing' }
  `,
  decode: headed(['deleted', 'missing'], (word) => word === 'deleted'),
})

/** The newest dead letters, newest first. */
export const dead = defineScript({
  name: 'dead',
  keys: ['outcomes', 'held', 'groups'],
  args: ['streamCap', 'groupPrefix', 'group', 'count'],
  repeatable: true,
  body: lua`
    ${group}
    local found = {}
    for _, letter in ipairs(redis.call('XREVRANGE', deadKey, '+', '-', 'COUNT', count)) do
      local fields = letter[2]
      found[#found + 1] = { fields[2], { unpack(fields, 7) }, fields[4], fields[6] }
    end
    return found
  `,
  decode: (reply) => reply as DeliveredRecord[],
})
