/**
 * The step of a job that travels alone: it settles one plain success, and finds the line empty.
 *
 * Most of what such a step costs is the same for a hundred jobs: arguments, names of keys, questions, an answer in
 * parts. So it has arguments of its own, few of them, and asks for no more than what concerns it. It writes nothing
 * until it knows that there is nothing unusual; where there is, it lays the arguments out as `step` has them and goes on
 * as that, whose text stands behind it: text that is not run costs nothing.
 */
import type { Settlement, StepRequest } from '@lovage/core'
import { successDocument } from '../outcome.ts'
import { lua, opened, type Settings } from '../script.ts'
import { INLINE_MAX } from '../stream-record.ts'
import { toText } from '../text.ts'
import { sweepOne } from './count-results.ts'
import { TRIM_EVERY } from './feed.ts'
import { idle } from './idle.ts'
import { parted } from './plain-step.ts'
import { HEAD, marksOf } from './step-items.ts'
import { step } from './step.ts'
import { calendarBy, secondOf, time } from './time.ts'

/** Of a shorter feed it is looked for a trim more often than once in `TRIM_EVERY` records. */
const STREAM_LEAST = TRIM_EVERY * TRIM_EVERY
/** Names of the arguments, as both sides have them. What is empty at the end is not sent. */
const ARGS = [
  'id',
  'value',
  'session',
  'claimedAt',
  'task',
  'ms',
  'document',
  'resultsMax',
  'second',
  'rest',
] as const
const OPTIONAL = ['isIdle', 'marks', 'queue', 'now'] as const

type Told = Pick<Settings, 'now' | 'streamMaxLen' | 'resultsMax' | 'failedMax' | 'failedMaxAgeMs'>

/**
 * What `stepOne` is given, or `null` where more is asked of the step than that.
 *
 * @param nowMs By the clock of this process: where it says the second of the server, that need not compute the date.
 */
export function oneItems(request: StepRequest, told: Told, nowMs: number): (string | number)[] | null {
  const { session, settle, claim, queues, isIdle = false } = request
  const [held] = settle
  const [queue] = queues
  if (held === undefined || settle.length > 1 || !isPlain(held) || !isNoMore(request)) return null
  if (queue === undefined || queues.length > 1 || claim === 0 || told.streamMaxLen < STREAM_LEAST) return null
  const { now, streamMaxLen, resultsMax, failedMax, failedMaxAgeMs } = told
  const { id, claimedAt, task, result, ttlMs } = held
  const items = [
    ...[id, toText(result), session, claimedAt, task, Math.round(ttlMs), successDocument(held), resultsMax],
    ...[secondOf(nowMs), `${streamMaxLen} ${failedMax} ${failedMaxAgeMs} ${claim}`],
    ...[isIdle ? '1' : '', marksOf(held), queue === 'default' ? '' : queue, now],
  ]
  while (items.at(-1) === '') items.pop()
  return items
}

type Succeeded = Extract<Settlement, { to: 'succeeded' }>

const isPlain = (held: Settlement): held is Succeeded =>
  held.to === 'succeeded' &&
  held.attempt === 1 &&
  held.progress === undefined &&
  held.result.json.length <= INLINE_MAX

const isNoMore = ({ release, verify, announce }: StepRequest): boolean =>
  !(release !== undefined && release.length > 0) &&
  !(verify !== undefined && verify.length > 0) &&
  !(announce !== undefined && announce.size > 0)

/** `local id, value = ARGV[1], ARGV[2]`, for some of the arguments. */
const local = (...names: readonly ((typeof ARGS)[number] | (typeof OPTIONAL)[number])[]): string =>
  `local ${names.join(', ')} = ${names.map(given).join(', ')}`
const given = (name: string): string => {
  const all: readonly string[] = [...ARGS, ...OPTIONAL]
  return `ARGV[${all.indexOf(name) + 1}]`
}

/**
 * Keys that tell of something unusual, or of a job that could be claimed. A hold that is true says that the session is
 * alive, and the first attempt that there was none before. What forbids a job to start (pauses, limits, turns) concerns
 * nobody while none waits; whoever enqueues the next one asks for that.
 */
const ODD = ['later', 'timers', 'ends', 'slots', 'lanes']

const opening = lua`
  local ARGV = ARGV
  do
    local redis, string = redis, string
    ${local('id', 'value', 'session', 'claimedAt', 'isIdle', 'marks', 'queue', 'now')}
    if not queue or queue == '' then queue = 'default' end
    local hold = session .. '@' .. claimedAt
    local jobs = KEYS[1]
    local prefix = string.sub(jobs, 1, ${-'jobs'.length - 1})
    local active = prefix .. 'active'
    local odd = redis.call('EXISTS', prefix .. 'wait:' .. queue, prefix .. 'prio:' .. queue,
      ${ODD.map((name) => `prefix .. '${name}'`).join(', ')})
    local nextDue
    if odd > 0 then
      local due = redis.call('ZRANGE', prefix .. 'later', '0', '0', 'WITHSCORES')[2]
      local clock = redis.call('ZRANGE', prefix .. 'timers', '0', '0', 'WITHSCORES')[2]
      odd = odd - (due and 1 or 0) - (clock and 1 or 0)
      nextDue = due or clock
      if due and clock and tonumber(clock) < tonumber(due) then nextDue = clock end
    end
    if odd == 0 and #value <= ${INLINE_MAX} and redis.call('HGET', active, id) == hold then
      local place = redis.call('GET', prefix .. 'tail')
      local seq = place and string.match(place, '%.(%d+)$') + 1 or 1
      if seq % ${TRIM_EVERY} ~= 0 then
        ${time}
        if not nextDue or tonumber(nextDue) > nowMs then
          ${local('task', 'document', 'second')}
          local moment
          ${calendarBy}
          -- The first write is one that a full server lets through, and with it the others (\`full.ts\`).
          redis.call('HDEL', prefix .. 'progress', id)
          ${local('ms', 'resultsMax')}
          local json, kept, more = value, value, nil
          if marks and marks ~= '' then
            ${parted}
          end
          local border = string.find(value, '\n', 1, true)
          if border then
            local meta = string.sub(value, border + 1)
            json = string.sub(value, 1, border - 1)
            kept, more = json .. ',"meta":' .. meta, { 'meta', meta, unpack(more or {}) }
          end
          if ms ~= '0' then
            redis.call('PSETEX', prefix .. 'r:' .. id, ms, '{"status":"SUCCESS","result":' .. kept .. document .. moment .. '"}')
          end
          local outcomes, seqText = prefix .. 'outcomes', string.format('%d', seq)
          local newest
          if more then
            newest = redis.call('XADD', outcomes, '*', 'task_id', id, 'task_name', task, 'status', 'SUCCESS',
              'timestamp', moment, 'result', json, 'seq', seqText, unpack(more))
          else
            newest = redis.call('XADD', outcomes, '*', 'task_id', id, 'task_name', task, 'status', 'SUCCESS',
              'timestamp', moment, 'result', json, 'seq', seqText)
          end
          redis.call('HDEL', active, id)
          redis.call('HDEL', jobs, id)
          redis.call('SET', prefix .. 'tail', newest .. '.' .. seqText)
          if ms ~= '0' and resultsMax ~= '0' then
            ${sweepOne}
          end
          local answer = 'alive '
          if isIdle == '1' then
            answer = 'idle '
            redis.call('RPUSH', ${idle}, session .. '@' .. nowText)
          end
          answer = answer .. nowText
          if nextDue then answer = answer .. ' ' .. string.format('%d', nextDue - nowMs) end
          return answer
        end
      end
    end
    -- More than that: as \`step\` has it.
    local streamMaxLen, failedMax, failedMaxAgeMs, claim = string.match(${given('rest')}, '^(%S+) (%S+) (%S+) (%S+)$')
    ${local('task', 'ms', 'document', 'resultsMax', 'second')}
    now, isIdle, marks = now or '', isIdle or '', marks or ''
    local queueCount, settleSize, releaseCount, announce, idleSince = '1', '${HEAD + 2}', '0', '', ''
    ARGV = { ${step.args.join(', ')}, queue, '1', 'succeeded', hold, ms, task, marks, document, id, value }
  end
`

export const stepOne = opened(step, {
  name: 'stepOne',
  opening,
  decode(reply) {
    if (typeof reply !== 'string') return step.decode(reply)
    const [word, now, nextDueMs] = reply.split(' ')
    return {
      ...NOTHING,
      isShort: true,
      alive: true,
      isListed: word === 'idle',
      nextDueMs: nextDueMs === undefined ? null : Number(nextDueMs),
      claimedAt: Number(now),
    }
  },
})

const NOTHING = { lost: [], deferred: 0, ticks: [], ids: [], records: [], tries: null }
