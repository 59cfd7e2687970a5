/** Ours, as the README shows it. Each input is parsed by its schema, at both ends, and each output. */
import { defineTasks, task } from '@lovage/core'
import { createQueue } from '@lovage/redis'
import { createWorker } from '@lovage/worker'
import { z } from 'zod'
import type { Input, OUTPUT } from '../kit/roles.ts'
import type { Peer, Place } from './peer.ts'

const tasks = defineTasks({
  nothing: task({
    input: z.object({ text: z.string(), dueAt: z.number().optional() }),
    output: z.object({ ok: z.boolean() }),
  }),
})

/** That its Redis keeps nothing on disk is meant. */
const open = ({ url }: Place) =>
  createQueue({ tasks, redis: url, onWarning: (text) => text.includes('to disk') || console.warn(text) })

export const peer: Peer = {
  producer(place) {
    const { nothing } = open(place)
    return Promise.resolve({
      add: (input, { dueAt, queue } = {}) =>
        nothing.enqueue(input, {
          ...(dueAt !== undefined && { runAt: new Date(dueAt) }),
          ...(queue !== undefined && { queue: `q${queue}` }),
        }),
      addMany: (input, count) => nothing.enqueueMany(Array.from({ length: count }, () => input)),
      call: async (input) => (await nothing.enqueue(input)).result(),
    })
  },

  async worker({ url }, { concurrency, handle, queues, completed }) {
    const worker = createWorker({
      tasks,
      redis: url,
      concurrency,
      queues: queues === 1 ? undefined : Array.from({ length: queues }, (_, n) => `q${n}`),
      logLevel: 'error',
      handlers: { nothing: (input) => handle(input as Input) as typeof OUTPUT },
    })
    worker.on('job.succeeded', completed)
    await worker.start()
  },

  async listener(place, heard) {
    const queue = open(place)
    const listen = async (ready: () => void): Promise<void> => {
      for await (const notice of queue.notices()) {
        if (notice.type === 'ready') ready()
        else if (notice.type === 'succeeded') heard()
      }
    }
    await new Promise<void>((resolve) => void listen(resolve))
  },
}
