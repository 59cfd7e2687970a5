/** A history over two partitions in which all is well, and ways to break one of them. */
import type { Entry, Heard } from './history.ts'
import { record, Script } from './good-history.ts'

/** Their last four digits say where they are. */
const EVEN = '01a1fd00-0000-7000-8000-000000000002'
const ODD = '01a1fd00-0000-7000-8000-000000000003'

const heard = (type: Heard['type'], places: [number, number], more: Partial<Heard> = {}) => {
  const jobId = more.jobId
  return {
    line: 'feed',
    type,
    places,
    seq: jobId === undefined ? 0 : places[jobId === EVEN ? 0 : 1],
    ...more,
  }
}

/** In the first partition three records, of which the follower missed two; in the other one two. */
export function twoPartitions(): Script {
  const at = (partition: number, jobId: string) => ({ partition, jobId, owner: null })
  return new Script()
    .add('stage', { partitions: 2 })
    .add('follows', { line: 'feed', of: 'feed', after: 0, owner: null })
    .add('consumes', { group: 'g', member: 'm', owner: null, types: ['succeeded'] })
    .add('follows', { line: 'job', of: 'job', after: 0, owner: null, jobId: ODD })
    .add('record', record(1, 'started', at(1, ODD)))
    .add('record', record(1, 'started', at(0, EVEN)))
    .add('record', record(2, 'progress', at(0, EVEN)))
    .add('heard', heard('ready', [0, 0]))
    .add('heard', heard('started', [0, 1], { jobId: ODD }))
    .add('record', record(3, 'succeeded', at(0, EVEN)))
    .add('heard', heard('gap', [2, 1], { missed: 2 }))
    .add('record', record(2, 'succeeded', at(1, ODD)))
    .add('heard', heard('succeeded', [2, 2], { jobId: ODD }))
    .add('heard', heard('succeeded', [3, 2], { jobId: EVEN }))
    .add('heard', { line: 'job', type: 'started', seq: 1, jobId: ODD })
    .add('heard', { line: 'job', type: 'succeeded', seq: 2, jobId: ODD })
    .add('done', { line: 'job' })
    .add('delivered', { group: 'g', member: 'm', jobId: EVEN, seq: 3, deliveries: 1 })
    .add('acking', { group: 'g', member: 'm', jobId: EVEN, seq: 3, deliveries: 1 })
    .add('acked', { group: 'g', member: 'm', jobId: EVEN, seq: 3, deliveries: 1, outcome: 'acked' })
    .add('delivered', { group: 'g', member: 'm', jobId: ODD, seq: 2, deliveries: 1 })
    .add('acking', { group: 'g', member: 'm', jobId: ODD, seq: 2, deliveries: 1 })
    .add('acked', { group: 'g', member: 'm', jobId: ODD, seq: 2, deliveries: 1, outcome: 'acked' })
}

const without = (is: (entry: Entry) => boolean): Entry[] =>
  twoPartitions().entries.filter((entry) => !is(entry))
const withMore = (add: (script: Script) => Script): Entry[] => add(twoPartitions()).entries
const isOf = (entry: Entry, jobId: string): boolean => 'jobId' in entry && entry.jobId === jobId

export const onePartitionBroken: Record<string, [name: string, history: Entry[]][]> = {
  feed: [
    [
      'a number is missing in one',
      without((entry) => entry.fact === 'record' && isOf(entry, EVEN) && entry.seq === 2),
    ],
  ],
  followers: [
    [
      'a notice of one is not told',
      without((entry) => entry.fact === 'heard' && entry.line === 'feed' && isOf(entry, EVEN)),
    ],
    ['a gap is not told', without((entry) => entry.fact === 'heard' && entry.type === 'gap')],
    [
      'a gap is too small',
      twoPartitions().entries.map((entry) =>
        entry.fact === 'heard' && entry.type === 'gap' ? { ...entry, missed: 1 } : entry,
      ),
    ],
    [
      'a notice of one comes after a later one',
      withMore((so) => so.add('heard', heard('started', [3, 1], { jobId: ODD }))),
    ],
    [
      'a follower of a job is not told all',
      without((entry) => entry.fact === 'heard' && entry.line === 'job' && entry.type === 'started'),
    ],
  ],
  consumers: [
    ['a notice of one is never given', without((entry) => entry.fact === 'delivered' && isOf(entry, ODD))],
    [
      'one is given again after its ack, though the same number of the other is not',
      withMore((so) => so.add('delivered', { group: 'g', member: 'n', jobId: ODD, seq: 2, deliveries: 2 })),
    ],
  ],
}
