/**
 * groupmq, whose jobs run one after the other within a group: a thousand groups, so that it is never short of one. It
 * is told to keep what has ended, as all others do by themselves. It has no notices.
 */
import { Queue, Worker } from 'groupmq'
import { Redis } from 'ioredis'
import type { Input } from '../kit/roles.ts'
import type { Peer, Place } from './peer.ts'

const GROUPS = 1_000
const BULK = 1_000

let nextGroup = 0
const groupId = (): string => `g${nextGroup++ % GROUPS}`

const open = ({ url }: Place, options = {}): Queue<Input> =>
  new Queue<Input>({
    redis: new Redis(url, { maxRetriesPerRequest: null }),
    namespace: 'bench',
    keepCompleted: 1_000_000,
    ...options,
  })

export const peer: Peer = {
  producer(place) {
    const queue = open(place)
    const batching = open(place, { autoBatch: { size: BULK, maxWaitMs: 1 } })
    return Promise.resolve({
      add: (data, { dueAt } = {}) =>
        queue.add({
          groupId: groupId(),
          data,
          ...(dueAt !== undefined && { runAt: dueAt }),
        }),
      addMany: (data, count) =>
        Promise.all(Array.from({ length: count }, () => batching.add({ groupId: groupId(), data }))),
    })
  },

  worker(place, { concurrency, handle, completed }) {
    const queue = open(place)
    const worker = new Worker<Input>({
      queue,
      concurrency,
      handler: (job) => Promise.resolve(handle(job.data)),
    })
    worker.on('completed', completed)
    void worker.run()
    return Promise.resolve()
  },
}
