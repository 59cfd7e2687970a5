/** A history whose store is set back once, as it should be then, and the ways in which more than that can go wrong. */
import { isFact, record, Script } from './good-history.ts'
import type { Entry } from './history.ts'

const RESULT = JSON.stringify({ doubled: 14, run: 'run-1' })
const AGAIN = JSON.stringify({ doubled: 14, run: 'run-2' })
const NEITHER = { line: 'feed', owner: 'ada' } as const

/**
 * `sure` was accepted before, and its end is taken back; `unsure` was accepted while nothing was sure, and is lost. The
 * follower is told that the feed begins anew, the consumer is given again what he acked in that moment.
 */
export function setBack(): Script {
  const so = new Script()
    .add('follows', { ...NEITHER, of: 'feed', after: 0 })
    .add('consumes', { group: 'g', member: 'm1', owner: 'ada', types: ['started', 'succeeded'] })
    .add('asked', { id: 'sure', task: 'plain', owner: 'ada', input: { n: 7 } })
    .add('accepted', { id: 'sure' })
    .add('claimed', { id: 'sure', session: 's1', claimedAt: 1_001, task: 'plain', attempt: 1 })
    .add('record', record(1, 'started', { jobId: 'sure' }))
    .add('began', { id: 'sure', run: 'run-1', attempt: 1 })
    .add('heard', { line: 'feed', type: 'started', seq: 1, jobId: 'sure' })
  const since = so.entries.length - 0.5
  return so
    .add('delivered', { group: 'g', member: 'm1', seq: 1, deliveries: 1 })
    .add('acked', { group: 'g', member: 'm1', seq: 1, deliveries: 1, outcome: 'acked' })
    .add('settled', { id: 'sure', session: 's1', claimedAt: 1_001, to: 'succeeded', isLost: false })
    .add('record', record(2, 'succeeded', { jobId: 'sure', result: RESULT }))
    .add('heard', { line: 'feed', type: 'succeeded', seq: 2, jobId: 'sure', result: RESULT })
    .add('delivered', { group: 'g', member: 'm1', seq: 2, deliveries: 1 })
    .add('asked', { id: 'unsure', task: 'plain', owner: 'ada', input: { n: 1 } })
    .add('accepted', { id: 'unsure' })
    .add('lost', { kind: 'failover', since, survived: 1 })
    .later()
    .add('refused', { call: 'follow', id: 'unsure', code: 'NOT_FOUND', message: 'no such job' })
    .add('heard', { line: 'feed', type: 'ready', seq: 1, restarted: true })
    .add('claimed', { id: 'sure', session: 's2', claimedAt: 1_009, task: 'plain', attempt: 1 })
    .add('began', { id: 'sure', run: 'run-2', attempt: 1 })
    .add('settled', { id: 'sure', session: 's2', claimedAt: 1_009, to: 'succeeded', isLost: false })
    .add('record', record(2, 'succeeded', { jobId: 'sure', result: AGAIN }))
    .add('heard', { line: 'feed', type: 'succeeded', seq: 2, jobId: 'sure', result: AGAIN })
    .add('delivered', { group: 'g', member: 'm2', seq: 1, deliveries: 1 })
    .add('acked', { group: 'g', member: 'm2', seq: 1, deliveries: 1, outcome: 'acked' })
    .add('delivered', { group: 'g', member: 'm1', seq: 2, deliveries: 1 })
    .add('acked', { group: 'g', member: 'm1', seq: 2, deliveries: 1, outcome: 'acked' })
    .add('final', { id: 'sure', state: 'succeeded', result: AGAIN })
    .add('final', { id: 'unsure', state: 'absent' })
}

const lostAt = (entries: readonly Entry[]): number => entries.find(isFact('lost'))?.at ?? 0
const after = (is: (entry: Entry) => boolean) => (entry: Entry) =>
  entry.at > lostAt(setBack().entries) && is(entry)
const without = (is: (entry: Entry) => boolean): Entry[] => setBack().entries.filter((entry) => !is(entry))
const changed = (is: (entry: Entry) => boolean, change: Record<string, unknown>): Entry[] =>
  setBack().entries.map((entry) => (is(entry) ? { ...entry, ...change } : entry))
const more = (add: (script: Script) => Script): Entry[] => add(setBack()).entries

export const tooMuchLost: Record<string, [name: string, history: Entry[]][]> = {
  feed: [['numbers go on from what was taken back', changed(after(isFact('record')), { seq: 3 })]],
  ends: [
    ['an end that was taken back does not come again', without(after(isFact('record')))],
    [
      'a job that was sure is gone',
      changed(isFact('lost'), { survived: 0 })
        .filter((one) => !after(isFact('record'))(one))
        .map((one) => (isFact('final', { id: 'sure' })(one) ? { ...one, state: 'absent' } : one) as Entry),
    ],
    [
      'a job that was lost is there in the end, and has not ended',
      changed(isFact('final', { id: 'unsure' }), { state: 'queued' }),
    ],
    [
      'a job ends twice after it was set back',
      more((so) => so.add('record', record(3, 'failed', { jobId: 'sure' }))),
    ],
  ],
  fence: [
    ['the result is that of another job', changed(isFact('began', { run: 'run-2' }), { id: 'unsure' })],
  ],
  followers: [
    ['nobody says that the feed begins anew', without(isFact('heard', { type: 'ready' }))],
    ['what comes after that is not told', without(after(isFact('heard', { type: 'succeeded' })))],
    [
      'a notice is told that never was',
      changed(after(isFact('heard', { type: 'succeeded' })), { type: 'failed' }),
    ],
    ['what survived was never told', without(isFact('heard', { type: 'started' }))],
    [
      'the feed begins anew though nothing was lost',
      changed(isFact('lost'), { at: 2e9, since: 1e9, survived: 2 }).toSorted((a, b) => a.at - b.at),
    ],
  ],
  consumers: [
    ['what survived is never given', without(isFact('delivered', { seq: 1 }))],
    ['what came under a number anew is not given', without(after(isFact('delivered', { seq: 2 })))],
    [
      'what was acked afterwards is given again',
      more((so) => so.add('delivered', { group: 'g', member: 'm2', seq: 2, deliveries: 2 })),
    ],
  ],
  calls: [
    [
      'a job that was sure is not found',
      more((so) => so.add('refused', { call: 'get', id: 'sure', code: 'NOT_FOUND', message: '' })),
    ],
  ],
}
