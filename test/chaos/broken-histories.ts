/** For each rule of the checker the ways in which a history can break it. */
import type { RULES } from './check.ts'
import {
  both,
  cancelledJob,
  changed,
  inOrder,
  isFact,
  job,
  record,
  Script,
  withMore,
  without,
} from './good-history.ts'
import type { Entry } from './history.ts'

const STREAM = { records: 0, streamMaxLen: 400 }

export const broken: Record<keyof typeof RULES, [name: string, history: Entry[]][]> = {
  feed: [
    ['a number is missing', changed(isFact('record', { seq: 2 }), { seq: 3 })],
    ['a number comes twice', changed(isFact('record', { seq: 2 }), { seq: 1 })],
  ],
  ends: [
    ['an accepted job never ends', without(isFact('record', { type: 'succeeded' }))],
    ['an accepted job is nowhere', without(isFact('record'))],
    ['a job ends twice', withMore((so) => so.add('record', record(3, 'failed')))],
    ['a job starts after its end', withMore((so) => so.add('record', record(3, 'started')))],
    ['get says another end', changed(isFact('final'), { state: 'cancelled' })],
    ['get says that it runs still', changed(isFact('final'), { state: 'running' })],
    ['get says that it is not there', changed(isFact('final'), { state: 'absent' })],
    ['get says another result', changed(isFact('final'), { result: '{"doubled":15,"run":"run-1"}' })],
  ],
  fence: [
    [
      'it is settled twice',
      withMore((so) =>
        so.add('settled', { id: 'one', session: 's2', claimedAt: 1_001, to: 'failed', isLost: false }),
      ),
    ],
    [
      'another one was given it before it was settled',
      withMore((so) =>
        so.add('claimed', { id: 'one', task: 'plain', session: 's2', claimedAt: 1_005, attempt: 2 }),
      ),
    ],
    ['the result is that of an earlier attempt', changed(isFact('began'), { attempt: 2 })],
    ['the result is that of another job', changed(isFact('began'), { id: 'two' })],
    ['the result is wrong', changed(isFact('asked'), { input: { n: 8 } })],
  ],
  attempts: [
    [
      'it runs more often than allowed',
      withMore((so) => so.add('began', { id: 'one', run: 'r', attempt: 13 })),
    ],
    [
      'attempts are counted backwards',
      withMore((so) =>
        so
          .add('claimed', { id: 'one', task: 'plain', session: 's2', claimedAt: 1_002, attempt: 1 })
          .add('claimed', { id: 'one', task: 'plain', session: 's0', claimedAt: 1_000, attempt: 2 }),
      ),
    ],
    [
      'a failed attempt does not count',
      withMore(
        job('two', 'flaky', [
          [3, 'started'],
          [4, 'retrying'],
          [5, 'started'],
          [6, 'failed'],
        ]),
      ),
    ],
  ],
  concurrency: [
    [
      'three of a task that allows two',
      inOrder(
        withMore(
          both(
            job('a', 'pair', [
              [3, 'started'],
              [6, 'succeeded'],
            ]),
            job('b', 'pair', [
              [4, 'started'],
              [7, 'succeeded'],
            ]),
            job('c', 'pair', [
              [5, 'started'],
              [8, 'succeeded'],
            ]),
          ),
        ),
      ),
    ],
    [
      'two of one key',
      inOrder(
        withMore(
          both(
            job(
              'a',
              'keyed',
              [
                [3, 'started'],
                [5, 'succeeded'],
              ],
              'k',
            ),
            job(
              'b',
              'keyed',
              [
                [4, 'started'],
                [6, 'succeeded'],
              ],
              'k',
            ),
          ),
        ),
      ),
    ],
    [
      'the store holds three of a task',
      withMore((so) => so.add('counted', { held: { 't:pair': 3 }, taken: {}, ...STREAM })),
    ],
    [
      'the store holds two of a key',
      withMore((so) => so.add('counted', { held: { 'k:keyed\nk': 2 }, taken: {}, ...STREAM })),
    ],
  ],
  order: [
    [
      'the next of a key starts before the end',
      inOrder(
        withMore(
          both(
            job(
              'a',
              'ordered',
              [
                [3, 'started'],
                [5, 'succeeded'],
              ],
              'k',
            ),
            job(
              'b',
              'ordered',
              [
                [4, 'started'],
                [6, 'succeeded'],
              ],
              'k',
            ),
          ),
        ),
      ),
    ],
    [
      'the next of a key overtakes a retry',
      inOrder(
        withMore(
          both(
            job(
              'a',
              'ordered',
              [
                [3, 'started'],
                [4, 'retrying'],
                [7, 'started', 2],
                [8, 'succeeded', 2],
              ],
              'k',
            ),
            job(
              'b',
              'ordered',
              [
                [5, 'started'],
                [6, 'succeeded'],
              ],
              'k',
            ),
          ),
        ),
      ),
    ],
  ],
  rate: [
    [
      'five within a second where four may',
      inOrder(
        withMore(
          both(
            ...[3, 4, 5, 6, 7].map((seq) =>
              job(`r${seq}`, 'rated', [
                [seq, 'started'],
                [seq + 5, 'succeeded'],
              ]),
            ),
          ),
        ),
      ),
    ],
  ],
  followers: [
    ['a notice is not told', without(isFact('heard', { line: 'feed', seq: 1 }))],
    ['the last notice is not told', without(isFact('heard', { line: 'feed', seq: 2 }))],
    [
      'a notice is told twice',
      withMore((so) => so.add('heard', { line: 'feed', type: 'succeeded', seq: 2, jobId: 'one' })),
    ],
    [
      'notices are told in another order',
      withMore((so) => so.add('heard', { line: 'feed', type: 'started', seq: 1, jobId: 'one' })),
    ],
    ['a notice is told as another', changed(isFact('heard', { line: 'feed', seq: 1 }), { type: 'progress' })],
    ['a notice has another result', changed(isFact('heard', { line: 'feed', seq: 2 }), { result: '1' })],
    [
      "somebody else's notice is told",
      withMore((so) =>
        job('two', 'plain', [
          [3, 'started'],
          [4, 'succeeded'],
        ])(so).add('heard', { line: 'feed', type: 'started', seq: 3, jobId: 'two' }),
      ),
    ],
    ['a follower of a job is not told all', without(isFact('heard', { line: 'job', seq: 1 }))],
    ['a loop over a job ends without its end', without(isFact('heard', { line: 'job', seq: 2 }))],
    [
      'a gap is told of what was told',
      withMore((so) => so.add('heard', { line: 'feed', type: 'gap', seq: 1, missed: 1 })),
    ],
    [
      'a gap reaches beyond the feed',
      withMore((so) => so.add('heard', { line: 'feed', type: 'gap', seq: 5, missed: 3 })),
    ],
    ['a gap of nothing', withMore((so) => so.add('heard', { line: 'feed', type: 'gap', seq: 2, missed: 0 }))],
    [
      'a gap that is too small',
      without(isFact('heard', { line: 'feed' })).concat(
        new Script().add('heard', { line: 'feed', type: 'gap', seq: 1, missed: 1 }).entries,
      ),
    ],
  ],
  looks: [
    ['get says running after the end', changed(isFact('looked'), { state: 'running' })],
    ['get says another end than the notice', changed(isFact('looked'), { state: 'failed' })],
    ['get says another result than the notice', changed(isFact('looked'), { result: '1' })],
    [
      'get is an attempt behind',
      changed(isFact('looked'), { after: 'started', attempt: 2, state: 'running', seen: 1 }),
    ],
  ],
  consumers: [
    ['a notice is never given', without(isFact('delivered'))],
    ['a notice is never acked', without((entry) => entry.fact === 'acked' || entry.fact === 'acking')],
    ['an ack is late, and it never comes again', changed(isFact('acked'), { outcome: 'late' })],
    [
      'a notice is given again after its ack',
      withMore((so) => so.add('delivered', { group: 'g', member: 'm2', seq: 2, deliveries: 2 })),
    ],
    [
      'a notice is given to two at a time',
      changed(isFact('acked'), { at: 1_000 }).concat(
        new Script().add('delivered', { group: 'g', member: 'm2', seq: 2, deliveries: 1 }).entries,
      ),
    ],
  ],
  schedules: [
    ['a tick is left out', changed(isFact('ticks'), { last: 4_000 })],
    [
      'a tick fires twice',
      inOrder(
        withMore(
          both(
            (so) => so.add('ticks', { schedule: 'tick', everyMs: 2_000, first: 2_000, last: 4_000 }),
            job('t1', 'tick', [
              [3, 'started'],
              [4, 'succeeded'],
            ]),
            job('t2', 'tick', [
              [5, 'started'],
              [6, 'succeeded'],
            ]),
          ),
        ),
      ),
    ],
  ],
  cancels: [
    [
      'a handler runs on after its job was cancelled',
      withMore(
        both(cancelledJob, (so) => so.later().add('ended', { id: 'two', run: 'run-2', how: 'returned' })),
      ),
    ],
    [
      'it does so though another worker is in trouble',
      withMore(
        both(
          cancelledJob,
          (so) => so.add('fault', { kind: 'freeze', target: 'worker-2', detail: '' }),
          (so) => so.later().add('ended', { id: 'two', run: 'run-2', how: 'returned' }),
        ),
      ),
    ],
  ],
  bounds: [
    [
      'the stream grows beyond its bound',
      withMore((so) => so.add('counted', { held: {}, taken: {}, records: 900, streamMaxLen: 400 })),
    ],
  ],
  versions: [
    ['a job of a newer version is held', changed(isFact('newer'), { state: 'touched' })],
    ['a job of a newer version is gone', changed(isFact('newer'), { state: 'gone' })],
    [
      'a job of a newer version is run',
      withMore((so) => so.add('began', { id: 'new', run: 'run-2', attempt: 1 })),
    ],
  ],
  warnings: [
    [
      'Node warns of a leak',
      withMore((so) => so.add('warned', { name: 'MaxListenersExceededWarning', stack: '' })),
    ],
  ],
  calls: [
    [
      'an error without a code',
      withMore((so) => so.add('refused', { call: 'enqueue', id: 'x', code: null, message: 'boom' })),
    ],
    [
      'an error that nobody expects',
      withMore((so) => so.add('refused', { call: 'enqueue', id: 'x', code: 'INTERNAL', message: 'boom' })),
    ],
  ],
  stuck: [
    ['something does not come to its end', withMore((so) => so.add('stuck', { what: 'jobs' }))],
    ['a key is left over', withMore((so) => so.add('leftover', { keys: ['slots'] }))],
    [
      'a player ends by itself',
      withMore((so) => so.add('crashed', { code: 1, signal: null, stderr: 'boom' })),
    ],
  ],
}
