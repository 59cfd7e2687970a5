import { expect, test } from 'vitest'
import { exactly, Purse } from './budget.ts'
import { Counter } from './counting.ts'

const inNoTime = { jobs: 1_000, seconds: 0, least: 10 }
const inAllTime = { jobs: 1_000, seconds: 3_600, least: 10 }

const all = (purse: Purse, wanted: number): number => {
  while (purse.take(wanted) > 0);
  return purse.taken
}

test('jobs are given out until there are enough or the time is over, but never too few', () => {
  expect(all(new Purse(inAllTime), 1)).toBe(1_000)
  expect(all(new Purse(inNoTime), 1)).toBe(10)
  expect(all(new Purse(exactly(7)), 1)).toBe(7)
})

test('a last call of many gets what is left', () => {
  expect(all(new Purse({ ...inAllTime, jobs: 250 }), 100)).toBe(250)
  expect(all(new Purse(inNoTime), 100)).toBe(100)
})

/** Hits until it is done, and lets timers come in between. */
async function counted(counter: Counter, budget: typeof inNoTime): Promise<number> {
  let jobs: number | undefined
  const span = counter.run(budget).then((span) => void (jobs = span.jobs))
  while (jobs === undefined) {
    counter.hit()
    await new Promise(setImmediate)
  }
  await span
  return jobs
}

test('a run is counted from its first fifth to its last job, or to the end of its time', async () => {
  const whole = new Counter()
  expect(await counted(whole, inAllTime)).toBe(800)
  expect(whole.count).toBe(1_000)
  const slow = new Counter()
  expect(await counted(slow, inNoTime)).toBeGreaterThanOrEqual(10)
  expect(slow.count).toBeLessThan(1_000)
})

test('less than its share is no run', async () => {
  expect(await counted(new Counter(), { ...inNoTime, jobs: 10 })).toBeGreaterThanOrEqual(7)
})
