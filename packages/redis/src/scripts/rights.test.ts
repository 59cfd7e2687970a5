// The rights that docs/operations.md hands out are what the scripts of each role need, and no more.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Script } from '../script.ts'
import { ack, release } from './acks.ts'
import { cancel } from './cancel.ts'
import { enqueue, enqueueAllNew, enqueueNew, enqueuePlain, fire } from './enqueue.ts'
import { discard, retryFailed } from './failed.ts'
import { find, last } from './find.ts'
import { limit, pause } from './gates.ts'
import { depths } from './depths.ts'
import { dead, deleteGroup, listGroups, open } from './groups.ts'
import { inspect, pulse } from './inspect.ts'
import { layout } from './layout.ts'
import { counts, end, get, goesOn, range } from './look.ts'
import { giveBack, nudge, peek } from './marker.ts'
import { pull } from './pull.ts'
import { report } from './report.ts'
import { say } from './say.ts'
import { putSchedule, removeSchedule, schedules } from './schedules.ts'
import { extend, join, leave } from './sessions.ts'
import { stepOne } from './step-one.ts'
import { step } from './step.ts'

/** What opens a connection, and what a cluster, partitions and `store.check` ask. */
const connect = ['client|setname', 'select', 'info', 'config|get', 'cluster|keyslot', 'cluster|slots']
const run = ['eval', 'evalsha']
/** What goes ahead of `enqueueAllNew`, and what makes it one. */
const transaction = ['multi', 'hset', 'rpush', 'exec']
const follow = [get, end, range, goesOn]
const groups = [open, pull, ack, release, listGroups, deleteGroup, dead]

const ROLES: Record<string, { scripts: Script<string, unknown>[]; direct: string[] }> = {
  api: {
    scripts: [
      enqueue,
      enqueueAllNew,
      enqueueNew,
      enqueuePlain,
      cancel,
      find,
      last,
      retryFailed,
      discard,
      counts,
      depths,
      ...follow,
      ...groups,
    ] as never,
    direct: ['get', 'xread', 'set', 'wait', ...transaction],
  },
  worker: {
    scripts: [
      ...[join, extend, step, stepOne, leave, report, say, pulse, get, giveBack, nudge, peek],
      ...[limit, putSchedule, removeSchedule, schedules, fire],
    ] as never,
    direct: ['blpop', 'lpop'],
  },
  consumer: { scripts: [...follow, ...groups] as never, direct: ['get', 'xread'] },
  operator: {
    scripts: [
      ...[
        inspect,
        counts,
        depths,
        pause,
        limit,
        find,
        last,
        cancel,
        retryFailed,
        discard,
        enqueue,
        enqueueAllNew,
        enqueueNew,
        enqueuePlain,
      ],
      ...[putSchedule, removeSchedule, schedules, ...follow, ...groups],
    ] as never,
    direct: ['get', 'xread', 'hkeys', 'ping', 'time', ...transaction],
  },
}

/** `redis.call('XGROUP', 'CREATE', …)` needs the subcommand alone. */
const WITH_SUBCOMMANDS = new Set(['xgroup'])

function commandsOf({ source }: Script<string, unknown>): string[] {
  // The first argument is a name, or the choice between two.
  const calls = source.matchAll(/redis\.p?call\(([^,)]*)(?:, '(\w+)')?/g)
  return [...calls].flatMap(([, first = '', second = '']) =>
    [...first.matchAll(/'(\w+)'/g)].map(([, name = '']) => {
      const command = name.toLowerCase()
      return WITH_SUBCOMMANDS.has(command) ? `${command}|${second.toLowerCase()}` : command
    }),
  )
}

const page = readFileSync(new URL('../../../../docs/operations.md', import.meta.url), 'utf8')

test.for(Object.entries(ROLES))('%s', ([role, { scripts, direct }]) => {
  const needed = new Set([...connect, ...run, ...direct, ...[layout, ...scripts].flatMap(commandsOf)])
  const line = new RegExp(`^user lovage-${role} .*$`, 'm').exec(page)?.[0] ?? ''
  const [own = ''] = line.split('(') // what follows allows no more commands, but those on more keys
  const granted = [...own.matchAll(/ \+([\w|]+)/g)].map(([, command]) => command)
  expect(granted, `the line of lovage-${role} in docs/operations.md`).toEqual([...needed].toSorted())
})

test('every call of a script names its command in the text, so that none is missed here', () => {
  for (const { scripts } of Object.values(ROLES))
    for (const { source } of scripts) expect(source).not.toMatch(/redis\.p?call\([^,')]*[,)]/)
})

test('every command of a script is in the list of versions', () => {
  const table = page.slice(page.indexOf('| since | commands'), page.indexOf('`LPOP` is used with a count'))
  const listed = new Set([...table.matchAll(/`(\w+)/g)].map(([, name]) => name))
  const used = Object.values(ROLES).flatMap(({ scripts }) => scripts.flatMap(commandsOf))
  for (const command of used) expect(listed).toContain(command.split('|')[0]?.toUpperCase())
})
