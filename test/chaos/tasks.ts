/** The tasks of a chaos run: each asks for something else that must hold while things break. */
import { defineTasks, type Isolation, task } from '@lovage/core'
import { z } from 'zod'

const input = z.object({
  n: z.number().int(),
  /** How long the handler takes. */
  ms: z.number().int(),
  /** Attempts that throw. */
  fails: z.number().int().default(0),
  key: z.string().default(''),
})

const shape = {
  input,
  output: z.object({ doubled: z.number(), run: z.string() }),
  progress: z.object({ step: z.number() }),
  notices: ['started'],
  retry: { attempts: 12, backoff: { type: 'fixed', delay: 200 } },
  timeLimit: '20s',
  resultTtl: '1h',
} as const

const isolated = (isolation: Isolation) => task({ ...shape, isolation })

export const TICK_MS = 2_000

export const tasks = defineTasks({
  plain: task(shape),
  flaky: task({ ...shape, retry: { attempts: 3, backoff: { type: 'fixed', delay: 100 } } }),
  pair: task({ ...shape, concurrency: 2 }),
  keyed: task({ ...shape, key: ({ key }) => key, perKey: { concurrency: 1 } }),
  ordered: task({ ...shape, key: ({ key }) => key, ordered: true }),
  rated: task({ ...shape, rateLimit: { limit: 4, per: '1s' } }),
  urgent: task({ ...shape, priority: 10 }),
  threaded: isolated('thread'),
  apart: isolated('process'),
  tick: task({
    notices: ['queued', 'started'],
    resultTtl: '1h',
    retry: { attempts: 12, backoff: { type: 'fixed', delay: 200 } },
    schedule: { every: TICK_MS, overlap: 'allow', missed: 'all' },
  }),
})

/** What the checker must know of them. */
export const rules: Readonly<
  Record<
    string,
    { attempts: number; concurrency?: number; perKey?: number; rate?: { limit: number; perMs: number } }
  >
> = {
  plain: { attempts: 12 },
  flaky: { attempts: 3 },
  pair: { attempts: 12, concurrency: 2 },
  keyed: { attempts: 12, perKey: 1 },
  ordered: { attempts: 12, perKey: 1 },
  rated: { attempts: 12, rate: { limit: 4, perMs: 1_000 } },
  urgent: { attempts: 12 },
  threaded: { attempts: 12 },
  apart: { attempts: 12 },
  tick: { attempts: 12 },
}

export type Called = Exclude<keyof typeof tasks, 'tick'>
export const CALLED = Object.keys(tasks).filter((name): name is Called => name !== 'tick')
export const KEYS = ['a', 'b', 'c'] as const
