/** What a soak enqueues: batches of every kind, and how many jobs each comes to. */
import { chain, group, type Queue } from '@lovage/core'
import type { tasks } from './tasks.ts'

type SoakQueue = Queue<typeof tasks>
interface Kind {
  /** How often, compared with the others. */
  weight: number
  enqueue: (queue: SoakQueue, n: number) => Promise<unknown>
  /** Jobs of one call. */
  count: number
}

const BATCH = 100
const inputs = (n: number, count = BATCH) => Array.from({ length: count }, (_, k) => ({ n: n + k }))
const OWN = { owner: 'public' }

const KINDS: readonly Kind[] = [
  { weight: 40, count: BATCH, enqueue: (queue, n) => queue.plain.enqueueMany(inputs(n)) },
  {
    weight: 5,
    count: BATCH,
    enqueue: (queue, n) => queue.plain.enqueueMany(inputs(n), { delay: n % 1_000 }),
  },
  {
    weight: 5,
    count: BATCH,
    enqueue: (queue, n) => queue.plain.enqueueMany(inputs(n), { priority: 1 + (n % 100) }),
  },
  { weight: 4, count: BATCH, enqueue: (queue, n) => queue.keyed.enqueueMany(inputs(n)) },
  { weight: 4, count: BATCH, enqueue: (queue, n) => queue.ordered.enqueueMany(inputs(n)) },
  { weight: 2, count: BATCH, enqueue: (queue, n) => queue.single.enqueueMany(inputs(n)) },
  { weight: 2, count: BATCH, enqueue: (queue, n) => queue.rated.enqueueMany(inputs(n)) },
  {
    weight: 4,
    count: BATCH,
    enqueue: (queue, n) => queue.tagged.enqueueMany(inputs(n), { ...OWN, metadata: { n } }),
  },
  { weight: 3, count: BATCH, enqueue: (queue, n) => queue.expiring.enqueueMany(inputs(n)) },
  { weight: 3, count: BATCH, enqueue: (queue, n) => queue.flaky.enqueueMany(inputs(n)) },
  { weight: 4, count: BATCH, enqueue: (queue, n) => queue.said.enqueueMany(inputs(n), OWN) },
  {
    weight: 4,
    count: 1,
    enqueue: (queue, n) => queue.plain.enqueue({ n }, { idempotencyKey: { key: `k${n}`, window: '5s' } }),
  },
  {
    weight: 4,
    count: 4,
    enqueue: (queue, n) =>
      queue.enqueueFlow(
        group([queue.plain.call({ n }), chain(queue.plain.call({ n: n + 1 }), queue.said.step())]),
      ),
  },
  {
    weight: 2,
    count: 1,
    enqueue: async (queue, n) => await (await queue.plain.enqueue({ n }, { delay: '5s' })).cancel('no more'),
  },
]

const LOTS = KINDS.flatMap((kind) => Array.from({ length: kind.weight }, () => kind))

/** The kind of the next call, drawn by a number. */
export const kindOf = (draw: number): Kind => LOTS[draw % LOTS.length] as Kind
