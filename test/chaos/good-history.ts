/** A history in which all is well, and small ways to change it. */
import type { Entry, EntryOf, Fact } from './history.ts'

type Facts<F extends Fact> = Omit<EntryOf<F>, 'fact' | 'at' | 'who'>

/** Long enough that nothing which came before is on its way still. */
const LATER_MS = 10_000

export class Script {
  readonly entries: Entry[] = []
  #at = 0

  add<F extends Fact>(fact: F, what: Facts<F>): this {
    this.entries.push({ fact, at: this.#at++, who: 'somebody', ...what } as unknown as Entry)
    return this
  }

  /** What is added from here on happens later. */
  later(): this {
    this.#at += LATER_MS
    return this
  }
}

const RESULT = JSON.stringify({ doubled: 14, run: 'run-1' })
export const record = (
  seq: number,
  type: EntryOf<'record'>['type'],
  more: Partial<Facts<'record'>> = {},
): Facts<'record'> => ({
  seq,
  jobId: 'one',
  task: 'plain',
  type,
  owner: 'ada',
  time: 1_000 + seq,
  attempt: 1,
  ...more,
})

/** One job with everything around it, and nothing wrong. */
export function good(): Script {
  const hold = { id: 'one', session: 's1', claimedAt: 1_001 }
  return new Script()
    .add('follows', { line: 'feed', of: 'feed', after: 0, owner: 'ada' })
    .add('consumes', { group: 'g', member: 'm1', owner: 'ada', types: ['succeeded'] })
    .add('asked', { id: 'one', task: 'plain', owner: 'ada', input: { n: 7 } })
    .add('accepted', { id: 'one' })
    .add('follows', { line: 'job', of: 'job', after: 0, owner: 'ada', jobId: 'one' })
    .add('claimed', { ...hold, task: 'plain', attempt: 1 })
    .add('record', record(1, 'started'))
    .add('began', { id: 'one', run: 'run-1', attempt: 1 })
    .add('ended', { id: 'one', run: 'run-1', how: 'returned' })
    .add('settled', { ...hold, to: 'succeeded', isLost: false })
    .add('record', record(2, 'succeeded', { result: RESULT }))
    .add('heard', { line: 'feed', type: 'started', seq: 1, jobId: 'one' })
    .add('heard', { line: 'feed', type: 'succeeded', seq: 2, jobId: 'one', result: RESULT })
    .add('heard', { line: 'job', type: 'started', seq: 1, jobId: 'one' })
    .add('heard', { line: 'job', type: 'succeeded', seq: 2, jobId: 'one', result: RESULT })
    .add('done', { line: 'job' })
    .add('looked', { id: 'one', after: 'succeeded', attempt: 1, state: 'succeeded', seen: 1, result: RESULT })
    .add('delivered', { group: 'g', member: 'm1', seq: 2, deliveries: 1 })
    .add('acking', { group: 'g', member: 'm1', seq: 2, deliveries: 1 })
    .add('acked', { group: 'g', member: 'm1', seq: 2, deliveries: 1, outcome: 'acked' })
    .add('counted', { held: { 't:pair': 2 }, taken: { 't:pair': 2 }, records: 700, streamMaxLen: 400 })
    .add('final', { id: 'one', state: 'succeeded', result: RESULT })
    .add('newer', { id: 'new', state: 'kept' })
    .add('leftover', { keys: [] })
    .add('ticks', { schedule: 'tick', everyMs: 2_000, first: 2_000, last: 2_000 })
}

/** The history with one entry changed, left out, or put in. */
export const changed = (is: (entry: Entry) => boolean, change: Record<string, unknown>): Entry[] =>
  good().entries.map((entry) => (is(entry) ? { ...entry, ...change } : entry))
export const without = (is: (entry: Entry) => boolean): Entry[] =>
  good().entries.filter((entry) => !is(entry))
export const withMore = (add: (script: Script) => Script): Entry[] => add(good()).entries

export const isFact =
  (fact: Fact, more: Record<string, unknown> = {}) =>
  (entry: Entry): boolean =>
    entry.fact === fact && Object.entries(more).every(([key, value]) => entry[key as keyof Entry] === value)

/** A job of its own with these records. */
export const job =
  (
    id: string,
    task: string,
    types: readonly (readonly [seq: number, type: EntryOf<'record'>['type'], attempt?: number])[],
    key?: string,
  ) =>
  (script: Script): Script =>
    types.reduce(
      (so, [seq, type, attempt = 1]) =>
        so.add('record', record(seq, type, { jobId: id, task, attempt, owner: null })),
      script.add('asked', { id, task, owner: null, input: { n: 1, ...(key !== undefined && { key }) } }),
    )
/** One whose handler runs when it is cancelled, and has not ended yet. */
export const cancelledJob = (script: Script): Script =>
  job('two', 'plain', [[3, 'started']])(script)
    .add('began', { id: 'two', run: 'run-2', attempt: 1 })
    .add('record', record(4, 'cancelled', { jobId: 'two', owner: null }))
export const both =
  (...adds: ((script: Script) => Script)[]) =>
  (script: Script) =>
    adds.reduce((so, add) => add(so), script)
/** Records in the order of the feed, whatever job they are of. */
export const inOrder = (entries: Entry[]): Entry[] =>
  entries
    .filter(({ fact }) => fact !== 'record')
    .concat(
      entries
        .filter(isFact('record'))
        .toSorted((a, b) => (a as EntryOf<'record'>).seq - (b as EntryOf<'record'>).seq),
    )
