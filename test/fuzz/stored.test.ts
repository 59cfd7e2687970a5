/**
 * Records that were spoilt where they rest. Whoever asks for one of them is told, and the jobs beside it run as if it were
 * not there.
 */
import { isLovageError } from '@lovage/core'
import fc from 'fast-check'
import { expect } from 'vitest'
import { joinAll, newJob, newJobs, settle, succeeded } from '../conformance/acts.ts'
import { test } from '../redis/stage.ts'
import { damaged, drawing, sharpText, sharpValue, Tally } from './hostile.ts'

/** Older ones than there ever were, and newer ones. */
const version = fc.oneof(
  fc.integer({ min: -2, max: 20 }),
  fc.constantFrom(0, 2, 1.5, 2 ** 53, 1e21, '1', null, true),
)

const record = fc.oneof(
  damaged(
    fc.constantFrom(
      '[1,"task",null,0,{"n":1}]',
      '[1,"task","ada",{"queue":"x","lane":"k"},null,\n{"values":["x"]}]',
    ),
  ),
  fc.tuple(sharpValue, sharpValue, sharpValue, sharpValue).map((parts) => JSON.stringify([1, ...parts])),
  version.map((v) => JSON.stringify([v, 'task', null, 0, {}])),
  fc.tuple(version, sharpValue, sharpValue).map(([v, ...parts]) => JSON.stringify([v, 'task', ...parts])),
  fc.constantFrom(
    '[2,"task",null,0,{}]',
    '[999999999999999999999,"a",null,0,1]',
    '[1]',
    '[]',
    '[1,"task",null,{,1]',
  ),
  sharpText,
)

test('a live record that is spoilt stands in the way of nobody', async ({ open, redis, key }) => {
  const store = open({ onWarning: () => {} })
  await joinAll(store, 's1')
  let run = 0
  const tally = new Tally('spoilt records of jobs')
  await fc.assert(
    fc.asyncProperty(record, async (spoilt) => {
      run += 1
      tally.add(spoilt)
      const [before, bad, after] = [`before-${run}`, `bad-${run}`, `after-${run}`] as const
      await store.enqueue(newJobs(before, bad, after))
      await redis.hset(key('jobs'), bad, spoilt)
      expect(await outcomeOf(store.get(bad))).toMatch(/^(answered|INTERNAL|VERSION_UNSUPPORTED)$/)
      const ran: string[] = []
      for (let step = 0; step < 4 && ran.length < 2; step++) {
        const { claimed } = await store.step({ session: 's1', settle: [], claim: 5, queues: ['default'] })
        for (const job of claimed) {
          if (job.id !== bad) ran.push(job.id)
          await settle(store, 's1', succeeded(job))
        }
      }
      expect(ran).toEqual([before, after])
      expect(await outcomeOf(store.cancel({ id: bad, by: null, reason: null, ttlMs: 1_000 }))).toMatch(
        /^(answered|INTERNAL|VERSION_UNSUPPORTED|STORE_UNAVAILABLE)$/,
      )
      await redis.zrem(key('later'), bad) // where a newer version's is put off to, and comes back from in the middle of all this
      await store.enqueue([newJob(`next-${run}`)])
      const { claimed } = await store.step({ session: 's1', settle: [], claim: 5, queues: ['default'] })
      expect(claimed.map(({ id }) => id)).toContain(`next-${run}`)
      for (const job of claimed) await settle(store, 's1', succeeded(job))
    }),
    drawing('spoilt records of jobs', 300, 1),
  )
  tally.tell()
}, 600_000)

const document = fc.oneof(
  damaged(
    fc.constant('{"status":"SUCCESS","result":{"n":1},"v":1,"task":"task","at":1,"startedAt":1,"attempt":1}'),
  ),
  sharpValue.map((value) => JSON.stringify(value)),
  version.map((v) => JSON.stringify({ status: 'SUCCESS', result: 1, v, task: 'task', at: 1 })),
  fc
    .dictionary(
      fc.constantFrom('status', 'result', 'error', 'v', 'task', 'owner', 'meta', 'attempt'),
      sharpValue,
    )
    .map((value) => JSON.stringify(value)),
  sharpText,
)

test('a result that is spoilt is told to whoever asks for it', async ({ store, redis, key }) => {
  await joinAll(store, 's1')
  await store.enqueue(newJobs('a'))
  const tally = new Tally('spoilt results')
  await fc.assert(
    fc.asyncProperty(document, async (spoilt) => {
      tally.add(spoilt)
      await redis.set(key('r:spoilt'), spoilt, 'EX', 60)
      expect(await outcomeOf(store.get('spoilt'))).toMatch(/^(answered|INTERNAL|VERSION_UNSUPPORTED)$/)
    }),
    drawing('spoilt results', 500, 1),
  )
  tally.tell()
  expect(await store.get('a')).toMatchObject({ state: 'queued', job: { id: 'a' } })
}, 600_000)

/** `answered`, or the code of the error; anything else is a mistake of ours. */
async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'answered'
  } catch (error) {
    return isLovageError(error) ? error.code : `${error instanceof Error ? error.stack : String(error)}`
  }
}
