import { defineScript, headed, lua } from '../script.ts'
import { ring } from './line.ts'
import { time } from './time.ts'

/** Puts back the marker that a pop took for nobody. */
export const giveBack = defineScript({
  name: 'giveBack',
  keys: ['wake'],
  args: [],
  repeatable: true,
  body: lua`
    ${ring}
    ring()
    return 'rung'
  `,
  decode: headed(['rung'], () => undefined),
})

/**
 * Whether a step would find work: asked by those who wait, in case a marker was lost with the worker that
 * took it.
 */
export const peek = defineScript({
  name: 'peek',
  keys: ['wait', 'later'],
  args: ['now'],
  repeatable: true,
  body: lua`
    ${time}
    local isWork = redis.call('EXISTS', wait) == 1 or redis.call('ZCOUNT', later, '-inf', nowText) > 0
    return isWork and 'work' or 'idle'
  `,
  decode: headed(['work', 'idle'], (word) => word === 'work'),
})
