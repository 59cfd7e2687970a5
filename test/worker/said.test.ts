/** What handlers say: in order, in few calls, bounded, and there before the outcome. */
import type { JobLog, LogLine } from '@lovage/core'
import { expect, test } from 'vitest'
import { type Bench, bench, gate } from './harness.ts'

interface Voice {
  log: JobLog
  chunk: (text: string) => void
}

/** A `climb` that has begun and waits: the test speaks in its name. */
async function speaking(t: Bench, options: { timeLimitMs?: number } = {}) {
  const top = gate<string>()
  const begun = gate<Voice>()
  const { worker, watcher } = await t.started({
    climb: (_input, { log, chunk }) => {
      begun.open({ log, chunk })
      return top.promise
    },
  })
  const id = await t.enqueue('climb', undefined, options)
  return { id, worker, watcher, top, ...(await begun.promise) }
}

/** The notices of a job after `started`: `log one two`, `chunk Once`, `succeeded`. */
async function told(t: Bench, id: string): Promise<string[]> {
  const notices = (await t.notices(id)).filter(({ type }) => type !== 'started')
  return notices.map(({ type, data, dropped = 0 }) => {
    const mark = dropped === 0 ? '' : ` (${dropped} dropped)`
    if (type === 'chunk') return `chunk ${JSON.parse(data!.json) as string}${mark}`
    if (type !== 'log') return type
    return `log ${(JSON.parse(data!.json) as LogLine[]).map(({ message }) => message).join(' ')}${mark}`
  })
}

test('a first line goes out at once, later ones together, ten times a second', async () => {
  const t = bench()
  const { id, log, chunk } = await speaking(t)
  log('one')
  await t.clock.advance(0)
  expect(await told(t, id)).toEqual(['log one'])
  log.warn('two')
  log.error('three', { code: 7 })
  chunk('Once ')
  chunk('upon')
  await t.clock.advance(99)
  expect(await told(t, id)).toEqual(['log one'])
  await t.clock.advance(1)
  expect(await told(t, id)).toEqual(['log one', 'log two three', 'chunk Once upon'])
  const [, lines] = (await t.notices(id)).filter(({ type }) => type === 'log')
  expect(lines).toMatchObject({ first: 2, attempt: 1 })
  expect(JSON.parse(lines!.data!.json)).toMatchObject([
    { level: 'warn', message: 'two' },
    { level: 'error', message: 'three', fields: { code: 7 } },
  ])
  expect(t.faults.count('say')).toBe(2)
})

test('a short job that speaks is told whole before its outcome, without the pace of reports', async () => {
  const t = bench()
  const { watcher } = await t.started({
    climb: async (_input, { log, chunk, progress }) => {
      log('one')
      progress({ step: 1 })
      await Promise.resolve()
      chunk('Once')
      log.info('two')
      return 'there'
    },
  })
  const id = await t.enqueue('climb')
  await watcher.untilJob('job.succeeded', id)
  const all = await told(t, id)
  expect(all.filter((text) => text !== 'progress')).toEqual(['log one', 'chunk Once', 'log two', 'succeeded'])
  expect(all.at(-1)).toBe('succeeded')
})

test('lines that are under way when the handler ends are waited for, and come once', async () => {
  const t = bench()
  const { id, watcher, top, log } = await speaking(t)
  const answered = gate()
  const through = t.faults.through.bind(t.faults)
  t.faults.through = async (act, args, call) => {
    const answer = await through(act, args, call)
    if (act === 'say') await answered.promise
    return answer
  }
  log('one')
  await t.clock.advance(0)
  log('two')
  top.open('done')
  await t.clock.advance(0)
  expect(await t.job(id)).toMatchObject({ state: 'running' })
  answered.open()
  await watcher.untilJob('job.succeeded', id)
  expect(await told(t, id)).toEqual(['log one', 'log two', 'succeeded'])
})

test('a job that says nothing makes no call for it', async () => {
  const t = bench()
  const { watcher } = await t.started({})
  await watcher.untilJob('job.succeeded', await t.enqueue('climb'))
  expect(t.faults.count('say')).toBe(0)
})

test('what an attempt that fails has said is told before its end too, and the next attempt counts anew', async () => {
  const t = bench()
  const { watcher } = await t.started({
    climb: (_input, { log, job }) => {
      log(`attempt ${job.attempt}`)
      if (job.attempt === 1) throw new Error('slipped')
      return 'there'
    },
  })
  const id = await t.enqueue('climb')
  await watcher.untilJob('job.retrying', id)
  await t.clock.advance(60_000)
  await watcher.untilJob('job.succeeded', id)
  expect(await told(t, id)).toEqual(['log attempt 1', 'retrying', 'log attempt 2', 'succeeded'])
  expect((await t.store.said(id)).map(({ attempt, first }) => [attempt, first])).toEqual([
    [1, 1],
    [2, 1],
  ])
})

test('an answer that was lost makes no line come twice', async () => {
  const t = bench()
  const { id, watcher, top, log } = await speaking(t)
  t.faults.plan('say', 'answer lost')
  log('one')
  await t.clock.advance(0)
  log('two')
  await t.clock.advance(1_000)
  await t.clock.advance(100)
  expect(await told(t, id)).toEqual(['log one', 'log two'])
  top.open('done')
  await watcher.untilJob('job.succeeded', id)
  expect(t.faults.count('say')).toBe(3)
})

test('while the store is gone lines wait, the oldest are dropped, and it is said how many', async () => {
  const t = bench()
  const { id, watcher, log } = await speaking(t)
  t.faults.goDown()
  await watcher.until('worker.disconnected')
  for (let n = 1; n <= 130; n++) log(`l${n}`)
  await t.clock.advance(2_000)
  t.faults.comeBack()
  await t.clock.advance(5_000)
  await watcher.until('worker.rejoined')
  await t.clock.advance(100)
  const notices = await t.notices(id)
  const numbers = notices
    .filter(({ type }) => type === 'log')
    .flatMap(({ first = 0, data }) => (JSON.parse(data!.json) as unknown[]).map((_, at) => first + at))
  expect(numbers).toEqual(Array.from({ length: 100 }, (_, at) => at + 31))
  expect(notices.reduce((sum, { dropped = 0 }) => sum + dropped, 0)).toBe(30)
})

test('a store that stays away costs the last lines, and not the outcome', async () => {
  const t = bench()
  const { id, watcher, top, log } = await speaking(t)
  t.faults.plan('say', ...Array.from({ length: 50 }, () => 'refused' as const))
  log('one')
  top.open('done')
  await t.clock.advance(0)
  expect(await t.job(id)).toMatchObject({ state: 'running' })
  for (let second = 0; second < 6; second++) await t.clock.advance(1_000)
  await watcher.untilJob('job.succeeded', id)
  expect(await told(t, id)).toEqual(['succeeded'])
})

test('what is said after the end, or after the hold was lost, is said to nobody', async () => {
  const t = bench()
  const { id, worker, watcher, top, log, chunk } = await speaking(t)
  top.open('done')
  await watcher.untilJob('job.succeeded', id)
  log('too late')
  chunk('too late')
  await t.clock.advance(1_000)
  expect(await told(t, id)).toEqual(['succeeded'])
  const other = await speaking(t)
  await t.store.leave(worker.health().session!)
  await t.store.leave(other.worker.health().session!)
  other.log('not mine')
  await other.watcher.untilJob('job.lost', other.id)
  expect(await told(t, other.id)).toEqual([])
})

test('the words of all jobs that are due go out in one call, and no call holds the store up for long', async () => {
  const t = bench()
  const voices: Voice[] = []
  const { watcher } = await t.started(
    {
      climb: (_input, { log, chunk }) => {
        voices.push({ log, chunk })
        return gate<string>().promise
      },
    },
    { concurrency: 8 },
  )
  for (let n = 0; n < 8; n++) await t.enqueue('climb')
  await watcher.until('job.started', 8)
  for (const { log } of voices) log('one')
  await t.clock.advance(0)
  const sizes = (): number[] =>
    t.faults.of('say').map(([, reports]) => reports.reduce((sum, { parts }) => sum + parts.length, 0))
  expect(sizes()).toEqual([8])
  for (const { log, chunk } of voices) {
    for (let n = 0; n < 50; n++) {
      log(`line ${n}`)
      chunk(`text ${n}`)
    }
  }
  await t.clock.advance(100)
  expect(sizes()).toEqual([8, 200, 200, 200, 200])
})

test('what a job said is kept for its time limit, the grace, and as long as its result', async () => {
  const t = bench()
  const { log } = await speaking(t, { timeLimitMs: 60_000 })
  log('one')
  await t.clock.advance(0)
  expect(t.faults.of('say')).toMatchObject([[expect.any(String), [{ keepMs: 60_000 + 5_000 + 86_400_000 }]]])
})

test('the log is made once for an attempt, and only where a handler asks for it', async () => {
  const t = bench()
  const same = gate<boolean>()
  const { watcher } = await t.started({
    climb: (_input, context) => {
      same.open(context.log === context.log)
      return 'there'
    },
  })
  await watcher.untilJob('job.succeeded', await t.enqueue('climb'))
  expect(await same.promise).toBe(true)
})
