/** What the tests of following share: a queue over a memory store that a test may alter, and a worker played by hand. */
import { defineTasks, type JobHandle, type Notice, queueOver, type Store, task } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { z } from 'zod'
import { ManualClock } from '../kit/manual-clock.ts'
import { Driver } from './driver.ts'

const tasks = defineTasks({
  score: task({
    input: z.object({ n: z.number() }),
    output: z.number(),
    progress: z.number(),
    notices: ['queued', 'started'],
  }),
  plain: task({ input: z.object({ n: z.number() }), output: z.any() }),
})

export async function setUp(change: (store: Store) => Store = (store) => store, streamMaxLen?: number) {
  const clock = new ManualClock(Date.now())
  const inner = createMemoryStore({ clock, ...(streamMaxLen === undefined ? {} : { streamMaxLen }) })
  const store = change(inner)
  const queue = queueOver(tasks, store, { clock, random: () => 0.5 })
  return { clock, store: inner, queue, driver: await Driver.start(inner) }
}

/** The same, and how often a method of its store has been called. */
export async function setUpCounted(method: 'get' | 'range') {
  let count = 0
  const it = await setUp((store) =>
    altered(store, {
      [method]: (...args: unknown[]) => {
        count += 1
        return (store[method] as (...args: unknown[]) => unknown)(...args)
      },
    }),
  )
  return { ...it, calls: () => count }
}

export const typesOf = (notices: readonly Notice[]): string[] => notices.map(({ type }) => type)

export async function all(handle: JobHandle): Promise<Notice[]> {
  const notices: Notice[] = []
  for await (const notice of handle) notices.push(notice)
  return notices
}

/** A store of which some methods are replaced. */
export function altered(store: Store, methods: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, key) {
      const own = (methods as Record<PropertyKey, unknown>)[key] ?? Reflect.get(target, key)
      return typeof own === 'function' ? (own as (...args: unknown[]) => unknown).bind(target) : own
    },
  })
}
