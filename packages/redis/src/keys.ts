/**
 * The keys of one store. They share the hash tag `{namespace:queue}`, so a store lives in one slot of a
 * cluster. Those of a partition have `{namespace:queue:partition}` (`slot.ts`); how many there are stands in
 * `{namespace:queue}:layout`, as long as the queue.
 *
 * | key              | type   | member                                  | lives                                  |
 * |------------------|--------|-----------------------------------------|----------------------------------------|
 * | `jobs`           | HASH   | id → record (`record.ts`)               | until the job has ended                |
 * | `wait:<line>`    | LIST   | id, next one left                       | until claimed                          |
 * | `prio:<line>`    | ZSET   | id with a priority → minus the priority | until claimed                          |
 * | `tombs`          | HASH   | id that left its line otherwise → line  | until a claim comes past it            |
 * | `later`          | ZSET   | id → due ms                             | until promoted                         |
 * | `retry`          | SET    | id in `later` that has failed           | until promoted                         |
 * | `active`         | HASH   | id → `<session>@<claimed at ms>`        | until settled: the hold, the fence     |
 * | `workers`        | ZSET   | session → ms, the end of its lease      | until it leaves or is reaped           |
 * | `wake:<queue>`   | LIST   | at most one `1`                         | until one idle worker pops it          |
 * | `info`           | HASH   | session → what its worker is, JSON      | as long as the session                 |
 * | `pulse`          | HASH   | session → `<ms> <how it does>`          | as long as the session                 |
 * | `tries`          | HASH   | id → attempts that count                | from the first until the job has ended |
 * | `history`        | HASH   | id → those attempts, JSON, one a line   | the same                               |
 * | `progress`       | HASH   | id → last report (`text.ts`)            | while this attempt runs                |
 * | `outcomes`       | STREAM | notices (`stream-record.ts`)            | about `streamMaxLen` of them           |
 * | `tail`           | STRING | cursor of the newest notice             | for ever                               |
 * | `held`           | STRING | what groups hold (`scripts/feed.ts`)    | while there are groups                 |
 * | `groups`         | ZSET   | group → number up to where it is done   | until the group is deleted             |
 * | `g:<group>`…     |        | one group (`scripts/group.ts`)          | until the group is deleted             |
 * | `r:<id>`         | STRING | outcome (`outcome.ts`)                  | as long as results are kept            |
 * | `said:<id>`      | STRING | what it said, JSON lines (`said.ts`)    | as long as its result, or longer       |
 * | `ctl:<session>`  | LIST   | cancellations for it, JSON              | until popped, at most `CTL_MS`         |
 * | `idle:<version>` | LIST   | `<session>@<ms>:<slots>`, to be handed jobs (`scripts/idle.ts`) | until it is, or steps again |
 * | `hand:<session>` | LIST   | jobs that it holds: ms, ids and records, line feeds between them | until popped |
 * | `replicated`     | STRING | a last write to wait for (`replicated.ts`) | a minute                            |
 *
 * A `<line>` is a queue, whose plain line it is, or a lane: queue, task, and `o` (ordered) or `-` with the key, a line
 * feed between them. Only jobs that ask for something have entries in what follows; while there are none, a step
 * asks for them once.
 *
 * | key              | type   | member                                  | lives                                  |
 * |------------------|--------|-----------------------------------------|----------------------------------------|
 * | `lanes`          | HASH   | lane → jobs that wait in it             | while there are any                    |
 * | `laned`          | HASH   | queue → jobs that wait in its lanes     | while there are any                    |
 * | `queues`         | SET    | queue beside `default` whose plain line was used | until found empty             |
 * | `since`          | ZSET   | id that was delayed, or a moment at which some were claimed at once (`scripts/due.ts`) → ms when it was due | the newest 1,000, a day |
 * | `ready:<queue>`  | ZSET   | lane that may be served → its turn      | while jobs wait in it                  |
 * | `parked:<gate>`  | SET    | queue of which it closes some lane      | until none                             |
 * | `parked:<queue, gate>` | ZSET | lane that this gate closes → its turn | until the gate opens                 |
 * | `turn`, `turns`  | STRING, HASH | the newest turn; queue → that of its plain line | for ever                 |
 * | `streaks`        | HASH   | line → urgent jobs taken in a row       | until one without a priority is taken  |
 * | `diverted`       | HASH   | id → lane, of plain jobs put into one   | until claimed                          |
 * | `limits`         | HASH   | gate → limit, JSON                      | as long as it is declared              |
 * | `paused`         | HASH   | gate → since ms                         | until resumed                          |
 * | `slots`          | HASH   | id → the gates it stands at, JSON       | until released                         |
 * | `taken`          | HASH   | gate → how many stand at it             | while there are any                    |
 * | `starts:<gate>`  | LIST   | ms of the last starts, newest first     | as long as its rate looks back         |
 * | `lingering`      | HASH   | id, cancelled → session and lane        | until its handler has ended            |
 * | `timers`         | ZSET   | `x:<id>` expiry, `g:<gate>` opening, `s:<schedule>` tick → ms | until then |
 * | `ends`           | HASH   | id → what ends with it, JSON            | until the job has ended                |
 * | `once:<name>`    | STRING | id and the end of its window in ms      | its window                             |
 * | `alone`          | HASH   | name → id and ms of its enqueueing      | until that job has ended               |
 * | `tag:<tag>`      | ZSET   | id → ms of its enqueueing               | 30 days after the last one             |
 * | `last:<task, owner>` | STRING | id                                  | 30 days                                |
 * | `failed`, `dead` | ZSET, HASH | id → ms of the failure; id → outcome, record | as set, or until retried or discarded  |
 * | `results`        | LIST   | id of a kept outcome, oldest first      | while their number is bounded          |
 * | `schedules`, `ticks` | HASH, HASH | name → schedule, JSON; name → next moment in ms | until removed      |
 * | `flows`          | HASH   | id that waits → its children, JSON      | until they have ended                  |
 * | `kids:<id>`      | ZSET   | child → its part                        | the same                               |
 * | `parts:<id>`     | HASH   | part → what came of that child          | the same                               |
 *
 * A gate is `q:<queue>`, `t:<task>`, or `k:<task>` with a line feed and the key; a task's name as in JSON.
 *
 * While jobs run, `active` has one entry more that is none (`scripts/hands.ts` says why).
 *
 * What a job is follows from where its id is: `r:<id>` ended · `active` running · `retry` retrying · `later`
 * scheduled · `flows` waiting · else in `jobs`: queued. Nothing is rewritten when it moves on.
 *
 * Scripts build most names themselves, from the prefix: a claim cannot know its ids beforehand.
 */
import { LovageError } from '@lovage/core'

/** Those that every job meets; scripts get them as `KEYS`. `wait` is the plain line of the queue `default`. */
export const JOB_KEYS = [
  'jobs',
  'wait',
  'tombs',
  'later',
  'retry',
  'active',
  'workers',
  'tries',
  'progress',
  'outcomes',
  'tail',
  'held',
] as const

export const KEY_NAMES = [...JOB_KEYS, 'info', 'pulse', 'groups'] as const

export type KeyName = (typeof KEY_NAMES)[number]

export interface Keys extends Record<KeyName, string> {
  /** What all of them begin with. */
  readonly prefix: string
  readonly resultPrefix: string
  readonly saidPrefix: string
  readonly ctlPrefix: string
  readonly groupPrefix: string
}

/** A session that was away for longer has been reaped, and its cancelled jobs were fenced anyway. */
export const CTL_MS = 300_000

/** How much longer than it counts a key with a window stays: when that is over is said by the clock of each call. */
export const SPARE_MS = 60_000

/** What stands behind the prefix in the name of a key. */
export const suffixOf = (name: KeyName): string => (name === 'wait' ? 'wait:default' : name)

/** The hash tag of a queue, with which those of its partitions begin. @throws LovageError `OPTION_INVALID` */
export function tagOf(namespace: string, queue: string): string {
  checkName('namespace', namespace)
  checkName('queue', queue)
  return `${namespace}:${queue}`
}

/**
 * @param tag The hash tag of a partition; without one the keys are those of a whole queue.
 * @throws LovageError `OPTION_INVALID`
 */
export function keysOf(namespace: string, queue: string, tag = tagOf(namespace, queue)): Keys {
  const prefix = `{${tag}}:`
  const keys = Object.fromEntries(KEY_NAMES.map((name) => [name, prefix + suffixOf(name)]))
  return {
    ...(keys as Record<KeyName, string>),
    prefix,
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
