import { defineScript, headed, lua } from '../script.ts'
import { tell } from './ctl.ts'
import { evenWhenFull } from './full.ts'
import { ring } from './line.ts'
import { time } from './time.ts'

/** Puts back the marker that a pop took for nobody. */
export const giveBack = defineScript({
  name: 'giveBack',
  keys: [],
  args: ['prefix', 'queue'],
  repeatable: true,
  body: lua`
    ${ring}
    ring(queue)
    return 'rung'
  `,
  decode: headed(['rung'], () => undefined),
})

/** Ends the pop of a session that is under way, by an empty message. Of one that is no more nothing may be left behind. */
export const nudge = defineScript({
  name: 'nudge',
  keys: ['active', 'workers'],
  args: ['prefix', 'session'],
  repeatable: true,
  body: lua`
    ${evenWhenFull}
    if not redis.call('ZSCORE', workers, session) then return 'gone' end
    ${tell("''")}
    return 'nudged'
  `,
  decode: headed(['nudged', 'gone'], (word) => word === 'nudged'),
})

/**
 * Sets `isWork`: whether a step would find any in some queues; and `nextDueMs`, -1 where nothing is due in the time to come.
 * Takes the key `later` and the argument `prefix`. Items: the queues. Uses the time.
 */
export const lookAround = lua`
  local isWork, nextDueMs = false, -1
  for _, times in ipairs({ later, prefix .. 'timers' }) do
    local first = redis.call('ZRANGE', times, '0', '0', 'WITHSCORES')[2]
    local ms = first and first - nowMs
    if ms and ms <= 0 then isWork = true
    elseif ms and (nextDueMs < 0 or ms < nextDueMs) then nextDueMs = ms end
  end
  for n = items + 1, #ARGV do
    local queue = ARGV[n]
    isWork = isWork
      or redis.call('EXISTS', prefix .. 'wait:' .. queue, prefix .. 'prio:' .. queue, prefix .. 'ready:' .. queue) > 0
  end
`

/** Whether a step would find work in some queues. Items: the queues. */
export const peek = defineScript({
  name: 'peek',
  keys: ['later'],
  args: ['now', 'prefix'],
  repeatable: true,
  body: lua`
    ${time}
    ${lookAround}
    return isWork and 'work' or 'idle'
  `,
  decode: headed(['work', 'idle'], (word) => word === 'work'),
})
