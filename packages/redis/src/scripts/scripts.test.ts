// Each script as Redis gets it, so that a change of Lua is seen as Lua.
import { expect, test } from 'vitest'
import { KEY_NAMES } from '../keys.ts'
import { ack, release } from './acks.ts'
import { cancel } from './cancel.ts'
import { enqueue, enqueueAllNew, enqueueNew, enqueuePlain, fire } from './enqueue.ts'
import { discard, retryFailed } from './failed.ts'
import { find, last } from './find.ts'
import { limit, pause } from './gates.ts'
import { dead, deleteGroup, listGroups, open } from './groups.ts'
import { inspect, pulse } from './inspect.ts'
import { layout } from './layout.ts'
import { counts, end, get, goesOn, range } from './look.ts'
import { giveBack, nudge, peek } from './marker.ts'
import { pull } from './pull.ts'
import { report } from './report.ts'
import { putSchedule, removeSchedule, schedules } from './schedules.ts'
import { extend, join, leave } from './sessions.ts'
import { say } from './say.ts'
import { stepOne } from './step-one.ts'
import { step } from './step.ts'

const SCRIPTS = [
  ...[ack, deleteGroup, dead, listGroups, open, pull, release],
  cancel,
  counts,
  discard,
  end,
  enqueue,
  enqueueAllNew,
  enqueueNew,
  enqueuePlain,
  extend,
  find,
  fire,
  get,
  giveBack,
  nudge,
  goesOn,
  inspect,
  join,
  last,
  layout,
  leave,
  limit,
  pause,
  peek,
  pulse,
  putSchedule,
  range,
  removeSchedule,
  report,
  retryFailed,
  say,
  schedules,
  step,
  stepOne,
]

test.each(SCRIPTS)('$name', async ({ name, source }) => {
  await expect(source).toMatchFileSnapshot(`__snapshots__/${name}.test.lua`)
})

test.each(SCRIPTS)(
  '$name takes only keys that are in the table, and those that it uses',
  ({ keys, source }) => {
    const [, body = ''] = source.split(/^local items = .*$/m)
    for (const key of keys) {
      expect(KEY_NAMES).toContain(key)
      expect(body).toMatch(new RegExp(`\\b${key}\\b`))
    }
  },
)

test('only what must not happen twice is never sent twice', () => {
  expect(SCRIPTS.filter(({ repeatable }) => !repeatable).map(({ name }) => name)).toEqual([
    'pull',
    'report',
    'step',
    'stepOne',
  ])
})
