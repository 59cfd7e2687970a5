import { type Cursor, DEAD_MAX, MEMBER_TTL_MS, SCAN_MAX } from '@lovage/core'
import { defineScript, headed, lua } from '../script.ts'
import { STATUSES, type StreamRecord } from '../stream-record.ts'
import { groupEvenWhenFull } from './full.ts'
import { group } from './group.ts'
import { time } from './time.ts'

/**
 * Delivers to one member: what it holds already (when it resumes), what is due, what is new. Not repeatable, as
 * the second call would deliver more: a member whose answer was lost resumes.
 *
 * Answers each delivery as `id, fields, deliveries, number of the record before it`.
 */
export const pull = defineScript({
  name: 'pull',
  keys: ['outcomes', 'tail', 'held', 'groups'],
  args: ['now', 'streamCap', 'groupPrefix', 'group', 'member', 'window', 'resume'],
  repeatable: false,
  body: lua`
    ${groupEvenWhenFull}
    ${time}
    ${group}
    local cursor, tasks, types, owner, ackWait, limit, missed, told, gapTo, gapDue, tellings = unpack(
      redis.call('HMGET', base, 'place', 'tasks', 'types', 'owner', 'ackWait', 'limit', 'missed', 'told', 'gapTo',
        'gapDue', 'tellings'))
    if not cursor then return { 'gone' } end
    local summary = redis.pcall('XPENDING', outcomes, group)
    if summary.err then return { 'gone' } end
    local placeId, seq = placeOf(cursor)
    local dueText = string.format('%d', nowMs + ackWait)
    missed = tonumber(missed)

    redis.call('ZADD', membersKey, nowText, member)
    local holds = {}
    for _, one in ipairs(summary[4] or {}) do holds[one[1]] = tonumber(one[2]) end
    local longAgo = string.format('%d', nowMs - ${MEMBER_TTL_MS})
    for _, silent in ipairs(redis.call('ZRANGE', membersKey, '-inf', longAgo, 'BYSCORE')) do
      if not holds[silent] then
        redis.call('XGROUP', 'DELCONSUMER', outcomes, group, silent)
        redis.call('ZREM', membersKey, silent)
      end
    end

    local delivered = {}
    local function give(id, fields, deliveries, number)
      delivered[#delivered + 1] = { id, fields, deliveries, string.format('%d', number) }
    end
    local count = holds[member] or 0
    local room = window - count

    if resume == '1' and count > 0 then
      for _, one in ipairs(redis.call('XPENDING', outcomes, group, '-', '+', count, member)) do
        local record = redis.call('XRANGE', outcomes, one[1], one[1])[1]
        local dueAt = tonumber(redis.call('ZSCORE', dueKey, padded(one[1])) or 0)
        if record and dueAt > nowMs then give(one[1], record[2], one[4], before(one[1], seq)) end
      end
    end

    local function bury(id, fields, deliveries)
      redis.call('XADD', deadKey, 'MAXLEN', ${DEAD_MAX}, '*', 'id', id, 'deliveries', deliveries, 'before',
        string.format('%d', before(id, seq)), unpack(fields))
      redis.call('HINCRBY', base, 'dead', 1)
    end
    -- What is due counts for nobody, also where the member holds it himself.
    local due = {}
    for n, text in ipairs(redis.call('ZRANGE', dueKey, '-inf', nowText, 'BYSCORE', 'LIMIT', 0, window)) do
      local id = unpadded(text)
      local one = redis.call('XPENDING', outcomes, group, id, id, 1)[1]
      if one and one[2] == member then room = room + 1 end
      due[n] = { text, id, one }
    end
    for _, entry in ipairs(due) do
      if room <= 0 then break end
      local text, id, one = unpack(entry)
      local record = redis.call('XRANGE', outcomes, id, id)[1]
      if one and one[2] == member then count = count - 1 end
      if one and record and one[4] < tonumber(limit) then
        redis.call('XCLAIM', outcomes, group, member, 0, id, 'RETRYCOUNT', one[4] + 1, 'JUSTID')
        redis.call('ZADD', dueKey, dueText, text)
        give(id, record[2], one[4] + 1, before(id, seq))
        room = room - 1
        count = count + 1
      else
        if one and record then bury(id, record[2], one[4])
        elseif one then missed = missed + 1 end
        redis.call('XACK', outcomes, group, id)
        redis.call('ZREM', dueKey, text)
      end
    end

    local function setOf(names)
      if names == '' then return nil end
      local set = {}
      for _, name in ipairs(cjson.decode(names)) do set[name] = true end
      return set
    end
    local wantedTasks, wantedStatuses = setOf(tasks), setOf(types)
    local wantedOwner = owner ~= '' and string.sub(owner, 2)
    local function wants(fields, isOurs)
      local status = field(fields, 'status')
      -- What is not ours may be anything.
      if not isOurs and not (status and field(fields, 'task_id')
        and string.find('${STATUSES}', ' ' .. status .. ' ', 1, true)) then return false end
      return (not wantedStatuses or wantedStatuses[status])
        and (not wantedTasks or wantedTasks[field(fields, 'task_name') or ''])
        and (not wantedOwner or field(fields, 'owner') == wantedOwner)
    end
    -- Where the later record has no higher number, counting began anew, since the server lost its memory.
    local function skipTo(number)
      if number > seq then missed = missed + number - seq - 1
      else missed = missed + number end
    end

    local scanned, isEnd, fresh = 0, false, {}
    while room > 0 and scanned < ${SCAN_MAX} and not isEnd do
      local most = math.min(room, ${SCAN_MAX} - scanned)
      local reply = redis.call('XREADGROUP', 'GROUP', group, member, 'COUNT', most, 'STREAMS', outcomes, '>')
      local records = reply and reply[1][2] or {}
      isEnd = #records < most
      scanned = scanned + #records
      local unwanted = {}
      for _, record in ipairs(records) do
        local id, fields = record[1], record[2]
        local number = tonumber(numberOf(fields))
        if number then
          skipTo(number)
          seq = number
        end
        placeId = id
        if wants(fields, number) then
          give(id, fields, 1, number and number - 1 or seq)
          fresh[#fresh + 1] = dueText
          fresh[#fresh + 1] = padded(id)
          room = room - 1
          count = count + 1
        else
          unwanted[#unwanted + 1] = id
        end
      end
      if #unwanted > 0 then redis.call('XACK', outcomes, group, unpack(unwanted)) end
    end
    if #fresh > 0 then redis.call('ZADD', dueKey, unpack(fresh)) end
    local _, last = placeOf(redis.call('GET', tail) or '0-0.0')
    if isEnd then
      skipTo(last + 1)
      seq = last
    end

    local gap = {}
    if missed > 0 then
      if gapTo == '' or tonumber(gapDue) <= nowMs then
        if not (resume == '1' and gapTo == member) then tellings, told = tellings + 1, missed end
        gapTo, gapDue, gap = member, dueText, { told, tellings }
      elseif resume == '1' and gapTo == member then
        gap = { told, tellings }
      end
    end
    local place = placeId .. '.' .. string.format('%d', seq)
    redis.call('HSET', base, 'place', place, 'missed', missed, 'told', told, 'gapTo', gapTo, 'gapDue', gapDue,
      'tellings', tellings)
    hold(placeId, seq)

    local nextDue = tonumber(redis.call('ZRANGE', dueKey, 0, 0, 'WITHSCORES')[2])
    if missed > 0 then nextDue = math.min(nextDue or math.huge, gapDue) end
    local nextDueMs = nextDue and math.max(0, nextDue - nowMs) or -1
    return { 'pulled', delivered, gap, place, count, math.max(0, last - seq), nextDueMs }
  `,
  decode: headed(['pulled', 'gone'], (word, rest) => {
    if (word === 'gone') return null
    const [records, [missed, tellings], place, held, lag, nextDueMs] = rest as PullAnswer
    const gap =
      missed === undefined ? null : { missed: Number(missed), deliveries: Number(tellings), cursor: place }
    return { records, gap, held, lag, nextDueMs: nextDueMs === -1 ? null : nextDueMs }
  }),
})

/** As a script gives one: the record, how often it was delivered, and the number of the record before it. */
export type DeliveredRecord = [...StreamRecord, deliveries: number | string, before: string]

type PullAnswer = [
  records: DeliveredRecord[],
  gap: [missed?: string | number, tellings?: string | number],
  place: Cursor,
  held: number,
  lag: number,
  nextDueMs: number,
]
