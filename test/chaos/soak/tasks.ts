/** The tasks of a soak: small jobs, of every kind that leaves something of its own in Redis. Nothing is kept for long. */
import { defineTasks, task } from '@lovage/core'
import { z } from 'zod'

const shape = {
  input: z.object({ n: z.number() }),
  output: z.object({ n: z.number() }),
  resultTtl: '5s',
} as const
/** Many that come and go. The index by which jobs of a key are listed stays for 30 days, so their number is bounded. */
const KEYS = 3_000
const key = ({ n }: { n: number }): string => `user-${Math.floor(n / 20) % KEYS}`

export const tasks = defineTasks({
  plain: task(shape),
  said: task({ ...shape, progress: z.object({ step: z.number() }), notices: ['queued', 'started'] }),
  flaky: task({ ...shape, retry: { attempts: 2, backoff: { type: 'fixed', delay: 50 } } }),
  keyed: task({ ...shape, key, perKey: { concurrency: 2 } }),
  ordered: task({ ...shape, key, ordered: true }),
  single: task({ ...shape, key, singleton: 'return' }),
  rated: task({ ...shape, key, perKey: { rateLimit: { limit: 5, per: '1s' } } }),
  tagged: task({ ...shape, tags: ['some'], rememberLast: true }),
  expiring: task({ ...shape, expiresIn: '2s' }),
  tick: task({ resultTtl: '5s', schedule: { every: '1s' } }),
})

/** Failures are kept for so long, for a retry; a run must be able to see them go. */
export const FAILED = { max: 1_000, maxAgeMs: 20_000 }
export const STREAM_MAX_LEN = 10_000
/** Above what 5 s can end. */
export const RESULTS = { max: 50_000 }
