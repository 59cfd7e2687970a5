/** BullMQ with its defaults: every job is kept when it has ended, with what it returned. It validates nothing. */
import { Queue, QueueEvents, Worker } from 'bullmq'
import type { Input } from '../kit/roles.ts'
import type { Peer } from './peer.ts'

const NAME = 'bench'

export const peer: Peer = {
  async producer({ host, port }) {
    const connection = { host, port }
    const queue = new Queue(NAME, { connection })
    queue.setMaxListeners(0) // each result that is waited for listens to it, and Node would warn of the eleventh
    await queue.waitUntilReady()
    let events: Promise<QueueEvents> | undefined
    const listen = async (): Promise<QueueEvents> => {
      const opened = new QueueEvents(NAME, { connection })
      await opened.waitUntilReady()
      return opened
    }
    return {
      add: (input, { dueAt } = {}) =>
        queue.add('nothing', input, dueAt === undefined ? {} : { delay: Math.max(0, dueAt - Date.now()) }),
      addMany: (input, count) =>
        queue.addBulk(Array.from({ length: count }, () => ({ name: 'nothing', data: input }))),
      async call(input) {
        const heard = await (events ??= listen())
        return (await queue.add('nothing', input)).waitUntilFinished(heard)
      },
    }
  },

  async worker({ host, port }, { concurrency, handle, completed }) {
    const connection = { host, port, maxRetriesPerRequest: null }
    const worker = new Worker<Input>(NAME, (job) => Promise.resolve(handle(job.data)), {
      connection,
      concurrency,
    })
    worker.on('completed', completed)
    await worker.waitUntilReady()
  },

  async listener({ host, port }, heard) {
    const events = new QueueEvents(NAME, { connection: { host, port } })
    events.on('completed', heard)
    await events.waitUntilReady()
  },
}
