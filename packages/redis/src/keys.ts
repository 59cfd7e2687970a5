/**
 * The keys of one queue. They share the hash tag `{namespace:queue}`, so a queue lives in one slot of a
 * cluster.
 *
 * | key             | type   | member                             | lives                                  |
 * |-----------------|--------|------------------------------------|----------------------------------------|
 * | `jobs`          | HASH   | id → record (`record.ts`)          | until the job has ended                |
 * | `wait`          | LIST   | id, next one left                  | until claimed                          |
 * | `tombs`         | SET    | id in `wait` that was cancelled    | until a claim comes past it            |
 * | `later`         | ZSET   | id → due ms                        | until promoted                         |
 * | `retry`         | SET    | id in `later` that has failed      | until promoted                         |
 * | `active`        | HASH   | id → `<session>@<claimed at ms>`   | until settled: the hold, the fence     |
 * | `workers`       | ZSET   | session → ms, the end of its lease | until it leaves or is reaped           |
 * | `info`          | HASH   | session → what its worker is, JSON | as long as the session                 |
 * | `pulse`         | HASH   | session → `<ms> <how it does>`     | as long as the session                 |
 * | `wake`          | LIST   | at most one `1`                    | until one idle worker pops it          |
 * | `tries`         | HASH   | id → attempts that count           | from the first until the job has ended |
 * | `progress`      | HASH   | id → last report (`text.ts`)       | while this attempt runs                |
 * | `outcomes`      | STREAM | notices (`stream-record.ts`)       | about `streamMaxLen` of them           |
 * | `tail`          | STRING | cursor of the newest notice        | for ever                               |
 * | `held`          | STRING | what groups hold (`scripts/feed.ts`) | while there are groups               |
 * | `groups`        | ZSET   | group → number up to where it is done | until the group is deleted          |
 * | `g:<group>`…    |        | one group (`scripts/group.ts`)     | until the group is deleted             |
 * | `r:<id>`        | STRING | outcome (`outcome.ts`)             | as long as results are kept            |
 * | `said:<id>`     | STRING | what it said, JSON lines (`said.ts`) | as long as its result, or longer       |
 * | `ctl:<session>` | LIST   | cancellations for it, JSON         | until popped, at most `CTL_MS`         |
 *
 * While jobs run, `active` has one entry more that is none (`scripts/hands.ts` says why).
 *
 * What a job is follows from where its id is: `r:<id>` ended · `active` running · `retry` retrying · `later`
 * scheduled · else in `jobs`: queued. Nothing is rewritten when it moves on.
 *
 * Scripts build `r:<id>`, `said:<id>`, `ctl:<session>` and `g:<group>` themselves, from a prefix: a claim cannot
 * know its ids beforehand.
 */
import { LovageError } from '@lovage/core'

export const KEY_NAMES = [
  'jobs',
  'wait',
  'tombs',
  'later',
  'retry',
  'active',
  'workers',
  'info',
  'pulse',
  'wake',
  'tries',
  'progress',
  'outcomes',
  'tail',
  'held',
  'groups',
] as const

export type KeyName = (typeof KEY_NAMES)[number]

export interface Keys extends Record<KeyName, string> {
  readonly resultPrefix: string
  readonly saidPrefix: string
  readonly ctlPrefix: string
  readonly groupPrefix: string
}

/** A session that was away for longer has been reaped, and its cancelled jobs were fenced anyway. */
export const CTL_MS = 300_000

/** @throws LovageError `OPTION_INVALID` */
export function keysOf(namespace: string, queue: string): Keys {
  checkName('namespace', namespace)
  checkName('queue', queue)
  const prefix = `{${namespace}:${queue}}:`
  const keys = Object.fromEntries(KEY_NAMES.map((name) => [name, prefix + name])) as Record<KeyName, string>
  return {
    ...keys,
    resultPrefix: `${prefix}r:`,
    saidPrefix: `${prefix}said:`,
    ctlPrefix: `${prefix}ctl:`,
    groupPrefix: `${prefix}g:`,
  }
}

/** Braces would move the hash tag, and with colons two pairs of names could give one key. */
function checkName(option: string, name: string): void {
  if (/^[^{}:\s]+$/.test(name)) return
  throw new LovageError('OPTION_INVALID', {
    option,
    seen: JSON.stringify(name),
    expected: 'a name without spaces, colons and braces',
  })
}
