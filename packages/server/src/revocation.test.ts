// How long an answer stands, and what happens when there is none.
import { expect, test } from 'vitest'
import { Revocation } from './revocation.ts'

function setUp(everyMs?: number) {
  const clock = { time: 1_000, now: () => clock.time, after: () => () => {} }
  let asked = 0
  let answer: () => boolean | Promise<boolean> = () => false
  const revocation = new Revocation(() => (asked++, answer()), everyMs, clock)
  return { clock, revocation, asked: () => asked, answers: (next: typeof answer) => void (answer = next) }
}

test('an answer stands for five seconds, or for as long as was set', async () => {
  for (const everyMs of [undefined, 300]) {
    const it = setUp(everyMs)
    expect(it.revocation.isDue).toBe(true)
    await it.revocation.check()
    it.clock.time += (everyMs ?? 5_000) - 1
    expect(it.revocation.isDue).toBe(false)
    it.clock.time += 1
    expect(it.revocation.isDue).toBe(true)
  }
})

test('it is as old as its question, not as its arrival', async () => {
  const it = setUp()
  it.answers(async () => {
    it.clock.time += 4_000
    return false
  })
  await it.revocation.check()
  it.clock.time += 1_000
  expect(it.revocation.isDue).toBe(true)
})

test('with 0 each notice asks', async () => {
  const it = setUp(0)
  await it.revocation.check()
  expect(it.revocation.isDue).toBe(true)
})

test('a yes and a failure both end it, and a failure does not count as an answer', async () => {
  const it = setUp()
  it.answers(() => true)
  await expect(it.revocation.check()).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
  it.answers(() => Promise.reject(new Error('down')))
  await expect(it.revocation.check()).rejects.toThrow('down')
  expect([it.revocation.isDue, it.asked()]).toEqual([true, 2])
})
