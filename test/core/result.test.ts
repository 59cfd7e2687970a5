import { expect, test } from 'vitest'
import type { Driver } from './driver.ts'
import { all, setUp, setUpCounted } from './stage.ts'

test.for([
  ['failed', 'JOB_FAILED', (driver: Driver) => driver.next().then((job) => driver.fail(job, 'boom'))],
  ['cancelled', 'JOB_CANCELLED', undefined],
] as const)('result() of a job that %s throws %s', async ([, code, act]) => {
  const { queue, driver } = await setUp()
  const job = await queue.plain.enqueue({ n: 1 })
  const waiting = job.result()
  const seen = expect(waiting).rejects.toMatchObject({ code })
  await (act === undefined ? job.cancel('no longer needed') : act(driver))
  await seen
})

test('result() ends with RESULT_TIMEOUT when the time is up, and the job goes on', async () => {
  const { queue, driver, clock } = await setUp()
  const job = await queue.plain.enqueue({ n: 1 })
  const waiting = expect(job.result({ timeout: '10s' })).rejects.toMatchObject({
    code: 'RESULT_TIMEOUT',
    details: { waitedMs: 10_000 },
  })
  await new Promise(setImmediate)
  await clock.advance(10_000)
  await waiting
  await driver.succeed(await driver.next(), 'late')
  expect(await job.result()).toBe('late')
})

test('after its loop has seen the end, a handle has the result and asks nobody', async () => {
  const { queue, driver, calls: looks } = await setUpCounted('get')
  const job = await queue.plain.enqueue({ n: 1 })
  await driver.succeed(await driver.next(), 7)
  await all(job)
  const before = looks()
  expect(await job.result()).toBe(7)
  expect(looks()).toBe(before)
})
