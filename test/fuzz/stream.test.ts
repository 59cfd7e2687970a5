/**
 * A feed that others write to, whatever they write. Jobs of ours are told of all the same, each once and in order, to
 * whoever follows live and to whoever reads it later.
 */
import type { StoredNotice } from '@lovage/core'
import fc from 'fast-check'
import { expect } from 'vitest'
import { cancelOf, newJob } from '../conformance/acts.ts'
import { test } from '../redis/stage.ts'
import { drawing, sharpText, sharpValue, Tally } from './hostile.ts'

const PER_RUN = 50
const JOBS = 5

const NAMES = [
  'task_id',
  'task_name',
  'status',
  'timestamp',
  'result',
  'error',
  'seq',
  'v',
  'owner',
  'attempt',
  'meta',
]
const MORE = [
  'error_name',
  'run_at',
  'by',
  'reason',
  'lines',
  'text',
  'first',
  'dropped',
  'ref',
  'queue',
  'trace',
]
const WORDS = [
  'SUCCESS',
  'FAILURE',
  'RETRY',
  'REVOKED',
  'STARTED',
  'PROGRESS',
  'PENDING',
  'LOG',
  'CHUNK',
  'EXPIRED',
]

const value = fc.oneof(
  sharpText,
  sharpValue.map((json) => JSON.stringify(json)),
  fc.constantFrom(...WORDS),
  fc.constantFrom(
    '1',
    '0',
    '-1',
    '99',
    '1765893600000',
    '2026-11-28T00:00:00.000Z',
    'ours-0',
    '9007199254740993',
    '9'.repeat(20),
  ),
)

/** Fields in pairs; some records have a bridge's, some have ours, some have neither. */
const record = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom(...NAMES, ...MORE), sharpText), value), {
    minLength: 1,
    maxLength: 10,
  })
  .map((fields) =>
    fields.flat().map((one, at, all) => (at % 2 === 1 && all[at - 1] === 'seq' ? notOurs(one) : one)),
  )

/** The number of a record is ours to give: who forges it counts for us, which nothing can tell. */
const notOurs = (seq: string): string => (/^\d{1,16}$/.test(seq) ? `${seq}th` : seq)

const bridged = fc
  .tuple(value, value, fc.constantFrom(...WORDS), value, record)
  .map(([id, name, status, at, more]) => [
    ...['task_id', id, 'task_name', name, 'status', status, 'timestamp', at],
    ...more,
  ])

test('records of others, right and wrong, never hide ours', async ({ store, redis, key }) => {
  const abort = new AbortController()
  const live: StoredNotice[] = []
  const isOurs = ({ jobId }: StoredNotice) => /^ours-\d+-\d+$/.test(jobId)
  let heard = (): void => {}
  const start = await store.tail()
  const listening = (async () => {
    for await (const notices of store.live(start, abort.signal)) {
      live.push(...notices.filter(isOurs))
      heard()
    }
  })()
  const until = (count: number): Promise<void> =>
    Promise.race([
      listening.then(() => expect.unreachable('The live feed has ended.')),
      new Promise<void>((resolve) => {
        heard = () => live.length >= count && resolve()
        heard()
      }),
    ])

  let run = 0
  let cursor = start
  const read: StoredNotice[] = []
  const tally = new Tally('records of others in the stream')
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(record, bridged), { minLength: PER_RUN, maxLength: PER_RUN }),
      async (records) => {
        run += 1
        const names = Array.from({ length: JOBS }, (_, n) => `ours-${run}-${n}`)
        for (const [n, fields] of records.entries()) {
          tally.add(fields.join('\n'))
          await redis.xadd(key('outcomes'), '*', ...fields)
          const name = n % (PER_RUN / JOBS) === 0 ? names[n / (PER_RUN / JOBS)] : undefined
          if (name === undefined) continue
          await store.enqueue([newJob(name)])
          await store.cancel(cancelOf(name))
        }
        await until(run * JOBS)
        for (let end = false; !end;) {
          const page = await store.range(cursor, 30)
          expect(page.missed).toBe(0)
          read.push(...page.notices.filter(isOurs))
          cursor = page.cursor
          end = page.end
        }
        const expected = Array.from(
          { length: run * JOBS },
          (_, n) => `ours-${Math.floor(n / JOBS) + 1}-${n % JOBS}`,
        )
        expect(live.map(({ jobId }) => jobId)).toEqual(expected)
        expect(read.map(({ jobId }) => jobId)).toEqual(expected)
      },
    ),
    drawing('records of others', 3_000, PER_RUN),
  )
  tally.tell()
  abort.abort()
  await listening
}, 600_000)
