import { describe, expect, test } from 'vitest'
import { type Clock, sleep, systemClock } from './clock.ts'

/** Timers that are called by hand. */
function handClock() {
  const timers = new Map<() => void, number>()
  const clock: Clock = {
    now: () => 0,
    after(ms, call) {
      timers.set(call, ms)
      return () => void timers.delete(call)
    },
  }
  return { clock, timers, fire: () => [...timers.keys()].forEach((call) => call()) }
}

describe('sleep', () => {
  test('ends when its timer is called', async () => {
    const { clock, timers, fire } = handClock()
    const slept = sleep(clock, 50)
    expect([...timers.values()]).toEqual([50])
    fire()
    await slept
  })

  test('ends at once when it is aborted, and takes its timer back', async () => {
    const { clock, timers } = handClock()
    const abort = new AbortController()
    const slept = sleep(clock, 50, abort.signal)
    abort.abort()
    await slept
    expect(timers.size).toBe(0)
  })

  test('starts no timer when it was aborted before', async () => {
    const { clock, timers } = handClock()
    await sleep(clock, 50, AbortSignal.abort())
    expect(timers.size).toBe(0)
  })
})

describe('systemClock', () => {
  test('calls back, unless it is taken back', async () => {
    const calls: string[] = []
    const takeBack = systemClock.after(0, () => calls.push('taken back'))
    takeBack()
    await new Promise<void>((resolve) => systemClock.after(1, resolve))
    expect(calls).toEqual([])
  })

  test('does not call at once what is further away than a timer can count', async () => {
    const calls: string[] = []
    const takeBacks = [2 ** 31, 2 ** 40, Infinity].map((ms) =>
      systemClock.after(ms, () => calls.push(`${ms}`)),
    )
    await new Promise<void>((resolve) => systemClock.after(5, resolve))
    for (const takeBack of takeBacks) takeBack()
    expect(calls).toEqual([])
  })
})
