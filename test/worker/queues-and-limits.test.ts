/** Which jobs a worker takes, and how many of them at once. */
import { defineTasks, task } from '@lovage/core'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { gate } from './harness.ts'
import { life } from './life.ts'

const number = z.number()

describe('a worker', () => {
  const tasks = defineTasks({
    score: task({ input: number }),
    mail: task({ input: number, queue: 'mail' }),
  })
  const nothing = { score: () => {}, mail: () => {} }

  test('serves the queues of its tasks, or those that it is told to', async () => {
    const t = life(tasks)
    const mail = await t.queue.mail.enqueue(1)
    const score = await t.queue.score.enqueue(1)
    const only = await t.start(nothing, { queues: ['mail'] })
    expect(await mail.get()).toMatchObject({ state: 'succeeded' })
    expect(await score.get()).toMatchObject({ state: 'queued' })
    await only.stop()
    const routed = await t.queue.score.enqueue(2, { queue: 'slow' })
    await t.start(nothing)
    expect(await score.get()).toMatchObject({ state: 'succeeded' })
    expect(await routed.get()).toMatchObject({ state: 'queued', queue: 'slow' })
    await t.start(nothing, { queues: ['slow'] })
    expect(await routed.get()).toMatchObject({ state: 'succeeded' })
  })

  test('asks its queues in turn, so that a long line in one does not starve the others', async () => {
    const t = life(tasks)
    await t.queue.score.enqueueMany(Array.from({ length: 20 }, (_, n) => n))
    await t.queue.mail.enqueueMany([1, 2, 3])
    const seen: string[] = []
    await t.start(
      { score: () => void seen.push('score'), mail: () => void seen.push('mail') },
      { concurrency: 1 },
    )
    await t.clock.advance(0)
    expect(seen).toHaveLength(23)
    expect(seen.slice(0, 7).filter((name) => name === 'mail')).toHaveLength(3)
  })

  test.for([[[]], [['a b']], ['mail']])('cannot serve the queues %j', async ([queues]) => {
    const t = life(tasks)
    await expect(t.start(nothing, { queues: queues as never })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    })
  })
})

describe('limits', () => {
  const busy = (most: number) => {
    const tasks = defineTasks({ dial: task({ input: number, ...(most > 0 && { concurrency: most }) }) })
    return tasks
  }

  test('of a task hold over all workers together, and go with the first worker that has none', async () => {
    const t = life(busy(2))
    const ends = Array.from({ length: 6 }, () => gate())
    const running = new Set<number>()
    const dial = async (n: number) => {
      running.add(n)
      await ends[n]!.promise
      running.delete(n)
    }
    await t.queue.dial.enqueueMany([0, 1, 2, 3, 4, 5])
    await t.start({ dial })
    await t.start({ dial })
    expect([...running]).toEqual([0, 1])
    ends[0]!.open()
    await t.clock.advance(0)
    expect([...running]).toEqual([1, 2])
    await t.start({ dial }, { tasks: busy(0) })
    await t.clock.advance(5_000)
    expect(running.size).toBe(5)
    for (const end of ends) end.open()
  })

  test('of a rate hold for any stretch of time, and open by themselves', async () => {
    const t = life(defineTasks({ dial: task({ input: number, rateLimit: { limit: 2, per: '10s' } }) }))
    const at: number[] = []
    const start = t.clock.now()
    await t.queue.dial.enqueueMany([1, 2, 3, 4, 5])
    await t.start({ dial: () => void at.push(t.clock.now() - start) })
    await t.clock.advance(30_000)
    expect(at).toEqual([0, 0, 10_000, 10_000, 20_000])
  })

  test('of a queue are declared by workers, or set while they run', async () => {
    const t = life(busy(0))
    const end = gate()
    let running = 0
    await t.queue.dial.enqueueMany([1, 2, 3, 4])
    const dial = async () => {
      running += 1
      await end.promise
    }
    await t.start({ dial }, { queueLimits: { default: { concurrency: 1 } } })
    expect(running).toBe(1)
    await t.queue.limit({ queue: 'default' }, { concurrency: 3 })
    await t.clock.advance(5_000)
    expect(running).toBe(3)
    end.open()
  })

  test('of each key leave the others alone', async () => {
    const tasks = defineTasks({
      dial: task({ input: z.string(), key: (input) => input, perKey: { concurrency: 1 } }),
    })
    const t = life(tasks)
    const end = gate()
    const started: string[] = []
    await t.queue.dial.enqueueMany(['a', 'a', 'a', 'b', 'c'])
    await t.start({
      dial: async (key) => {
        started.push(key)
        await end.promise
      },
    })
    expect(started.toSorted()).toEqual(['a', 'b', 'c'])
    end.open()
    await t.clock.advance(0)
    expect(started).toHaveLength(5)
  })

  describe('count a cancelled job as running', () => {
    const tasks = defineTasks({ dial: task({ input: number, concurrency: 1 }) })

    test('until its handler has ended', async () => {
      const t = life(tasks)
      const end = gate()
      const started: number[] = []
      const dial = async (n: number) => {
        started.push(n)
        if (n === 1) await end.promise
      }
      const [first] = await t.queue.dial.enqueueMany([1, 2])
      await t.start({ dial })
      await first!.cancel('too slow')
      await t.clock.advance(1_000)
      expect(started).toEqual([1])
      end.open()
      await t.clock.advance(0)
      expect(started).toEqual([1, 2])
    })

    test('until a handler that is deaf was given up', async () => {
      const t = life(tasks)
      const started: number[] = []
      const dial = (n: number) => {
        started.push(n)
        return n === 1 ? new Promise<void>(() => {}) : undefined
      }
      const [first] = await t.queue.dial.enqueueMany([1, 2])
      await t.start({ dial }, { grace: '3s' })
      await first!.cancel()
      await t.clock.advance(2_999)
      expect(started).toEqual([1])
      await t.clock.advance(1)
      expect(started).toEqual([1, 2])
    })

    test('and no longer when its handler had ended already, and only its outcome came too late', async () => {
      const t = life(tasks)
      const end = gate()
      const started: number[] = []
      const [first] = await t.queue.dial.enqueueMany([1, 2])
      await t.start({
        dial: async (n) => {
          started.push(n)
          if (n === 1) await end.promise
        },
      })
      end.open()
      await Promise.all([first!.cancel(), t.clock.advance(0)])
      await t.clock.advance(5_000)
      expect(started).toEqual([1, 2])
    })
  })
})
