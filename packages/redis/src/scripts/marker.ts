import { defineScript, headed, lua } from '../script.ts'
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

/**
 * Whether a step would find work in some queues: asked by those who wait, in case a marker was lost with the
 * worker that took it. Items: the queues.
 */
export const peek = defineScript({
  name: 'peek',
  keys: ['later'],
  args: ['now', 'prefix'],
  repeatable: true,
  body: lua`
    ${time}
    local isWork = redis.call('ZCOUNT', later, '-inf', nowText) > 0
      or redis.call('ZCOUNT', prefix .. 'timers', '-inf', nowText) > 0
    for n = items + 1, #ARGV do
      local queue = ARGV[n]
      isWork = isWork
        or redis.call('EXISTS', prefix .. 'wait:' .. queue, prefix .. 'prio:' .. queue, prefix .. 'ready:' .. queue) > 0
    end
    return isWork and 'work' or 'idle'
  `,
  decode: headed(['work', 'idle'], (word) => word === 'work'),
})
