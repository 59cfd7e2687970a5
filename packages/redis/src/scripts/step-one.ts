/**
 * The step of a job that travels alone: it settles one plain success, and finds the line empty.
 *
 * Most of what such a step costs is the same for a hundred jobs: arguments, names of keys, questions, an answer in
 * parts. So it has arguments of its own, few of them, and asks for no more than what concerns it. It writes nothing
 * until it knows that there is nothing unusual; where there is, it lays the arguments out as `step` has them and goes on
 * as that, whose text stands behind it: text that is not run costs nothing.
 */
import { numberIn, type Settlement, type StepRequest } from '@lovage/core'
import { successDocument } from '../outcome.ts'
import { msText } from '../ms-text.ts'
import { lua, opened, type Settings } from '../script.ts'
import { INLINE_MAX } from '../stream-record.ts'
import { toText } from '../text.ts'
import { sweepOne } from './count-results.ts'
import { TRIM_EVERY, trimmed } from './feed.ts'
import { put } from './idle.ts'
import { parted, told, worded } from './plain-step.ts'
import { HEAD, marksOf } from './step-items.ts'
import { step } from './step.ts'
import { calendarBy, secondOf, time } from './time.ts'

/** A shorter feed is trimmed more often than once in `TRIM_EVERY` records. */
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
const OPTIONAL = ['idleSlots', 'marks', 'queue', 'now'] as const

/** The one success that is all that a step is to settle, or `null` where more is asked of it. */
export function loneOf(request: StepRequest, { streamMaxLen }: Settings): Succeeded | null {
  const { settle, claim, queues } = request
  const [held] = settle
  if (held === undefined || settle.length > 1 || !isPlain(held) || !isNoMore(request)) return null
  return queues.length === 1 && claim > 0 && streamMaxLen >= STREAM_LEAST ? held : null
}

/**
 * What `stepOne` is given for it.
 *
 * @param idleSlots How many jobs the session may be handed at once when nothing is found; empty: none.
 * @param nowMs By the clock of this process: where it says the second of the server, that need not compute the date.
 */
export function oneItems(
  held: Succeeded,
  { session, claim, queues }: StepRequest,
  settings: Settings,
  { idleSlots, nowMs }: { idleSlots: string; nowMs: number },
): (string | number)[] {
  const { now, resultsMax } = settings
  const { id, claimedAt, task, result, ttlMs } = held
  const items = [
    id,
    toText(result),
    session,
    msText(claimedAt),
    task,
    Math.round(ttlMs),
    successDocument(held),
    resultsMax,
    secondOf(nowMs),
    boundsOf(settings) + claim,
    idleSlots,
    marksOf(held),
    queues[0] === 'default' ? '' : (queues[0] as string),
    now,
  ]
  while (items.at(-1) === '') items.pop()
  return items
}

/** Numbers that are the same in every step of a store. */
function boundsOf(settings: Settings): string {
  if (settings !== lastSettings) {
    const { streamMaxLen, failedMax, failedMaxAgeMs } = settings
    lastSettings = settings
    lastBounds = `${streamMaxLen} ${failedMax} ${failedMaxAgeMs} `
  }
  return lastBounds
}

let lastSettings: Settings | undefined
let lastBounds = ''

type Succeeded = Extract<Settlement, { to: 'succeeded' }>

const isPlain = (held: Settlement): held is Succeeded =>
  held.to === 'succeeded' &&
  held.attempt === 1 &&
  held.progress === undefined &&
  held.result.json.length <= INLINE_MAX

const isNoMore = ({ release, verify, announce }: StepRequest): boolean =>
  (release?.length ?? 0) + (verify?.length ?? 0) + (announce?.size ?? 0) === 0

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
    ${local('id', 'value', 'session', 'claimedAt', 'idleSlots', 'marks', 'queue', 'now')}
    if not queue or queue == '' then queue = 'default' end
    local hold = session .. '@' .. claimedAt
    local jobs = KEYS[1]
    local prefix = string.sub(jobs, 1, ${-'jobs'.length - 1})
    local active = prefix .. 'active'
    local odd = redis.call('EXISTS', prefix .. 'wait:' .. queue, prefix .. 'prio:' .. queue,
      ${ODD.map((name) => `prefix .. '${name}'`).join(', ')})
    local nextDue
    if odd > 0 then
      nextDue = redis.call('ZRANGE', prefix .. 'later', '0', '0', 'WITHSCORES')[2]
      local nextClock = redis.call('ZRANGE', prefix .. 'timers', '0', '0', 'WITHSCORES')[2]
      odd = odd - (nextDue and 1 or 0) - (nextClock and 1 or 0)
      if nextClock and (not nextDue or tonumber(nextClock) < tonumber(nextDue)) then nextDue = nextClock end
    end
    if odd == 0 and #value <= ${INLINE_MAX} and redis.call('HGET', active, id) == hold then
      local place = redis.call('GET', prefix .. 'tail')
      local seq = place and string.match(place, '%.(%d+)$') + 1 or 1
      ${time}
      if not nextDue or tonumber(nextDue) > nowMs then
        ${local('task', 'document', 'second')}
        local moment
        ${calendarBy}
        -- The first write is one that a full server lets through, and with it the others (\`full.ts\`).
        redis.call('HDEL', prefix .. 'progress', id)
        ${local('ms', 'resultsMax')}
        local document = document .. moment .. '"}'
        local more, json, fields, kept
        if marks and marks ~= '' then
          ${parted}
        end
        ${worded}
        if ms ~= '0' then redis.call('PSETEX', prefix .. 'r:' .. id, ms, kept) end
        local outcomes, seqText = prefix .. 'outcomes', string.format('%d', seq)
        local newest
        ${told('seqText')}
        redis.call('HDEL', active, id)
        redis.call('HDEL', jobs, id)
        redis.call('SET', prefix .. 'tail', newest .. '.' .. seqText)
        if seq % ${TRIM_EVERY} == 0 then
          local held, streamMaxLen = prefix .. 'held', string.match(${given('rest')}, '^%S+')
          ${trimmed}
        end
        if ms ~= '0' and resultsMax ~= '0' then
          ${sweepOne}
        end
        local answer = 'alive '
        if idleSlots and idleSlots ~= '' then
          answer = 'idle '
          ${put}
        end
        answer = answer .. nowText
        if nextDue then answer = answer .. ' ' .. string.format('%d', nextDue - nowMs) end
        return answer
      end
    end
    -- More than that: as \`step\` has it.
    local streamMaxLen, failedMax, failedMaxAgeMs, claim = string.match(${given('rest')}, '^(%S+) (%S+) (%S+) (%S+)$')
    ${local('task', 'ms', 'document', 'resultsMax', 'second')}
    now, idleSlots, marks = now or '', idleSlots or '', marks or ''
    local queueCount, settleSize, releaseCount, announce, idleSince = '1', '${HEAD + 2}', '0', '', ''
    ARGV = { ${step.args.join(', ')}, queue, '1', 'succeeded', hold, ms, task, marks, document, id, value }
  end
`

export const stepOne = opened(step, {
  name: 'stepOne',
  opening,
  decode(reply) {
    if (typeof reply !== 'string') return step.decode(reply)
    // `alive 1765897200000`, or `idle`, and sometimes ` 250` behind it.
    const isListed = reply.startsWith('idle')
    const from = isListed ? 'idle '.length : 'alive '.length
    const gap = reply.indexOf(' ', from)
    const end = gap === -1 ? reply.length : gap
    // Written out rather than spread, which made it a dictionary of 1.5 KB.
    return {
      isShort: true,
      alive: true,
      isListed,
      nextDueMs: gap === -1 ? null : numberIn(reply, gap + 1, reply.length),
      lost: NONE,
      deferred: 0,
      ticks: NONE,
      claimedAt: numberIn(reply, from, end),
      ids: NONE,
      records: NONE,
      tries: null,
    }
  },
})

const NONE: never[] = []
