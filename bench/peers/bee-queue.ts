/**
 * bee-queue with its defaults and what its README adds to them: producers that are none of its workers, delayed jobs
 * activated, and a check for stalled ones "the same or a bit shorter than `stallInterval`". It keeps the record of a job;
 * what the handler returned goes into the notice only.
 */
import Queue from 'bee-queue'
import type { Input } from '../kit/roles.ts'
import type { Peer, Place } from './peer.ts'

const NAME = 'bench'
const CHECK_MS = 4_500 // stallInterval is 5 s

const at = ({ host, port }: Place): { redis: { host: string; port: number } } => {
  return { redis: { host, port } }
}

export const peer: Peer = {
  async producer(place) {
    const queue = new Queue<Input>(NAME, { ...at(place), isWorker: false, getEvents: false })
    await queue.ready()
    let calling: Promise<Queue<Input>> | undefined
    const open = (): Promise<Queue<Input>> =>
      new Queue<Input>(NAME, { ...at(place), isWorker: false }).ready()
    return {
      add: (input, { dueAt } = {}) => {
        const job = queue.createJob(input)
        return (dueAt === undefined ? job : job.delayUntil(dueAt)).save()
      },
      addMany: (input, count) => queue.saveAll(Array.from({ length: count }, () => queue.createJob(input))),
      async call(input) {
        const caller = await (calling ??= open())
        return new Promise((resolve, reject) => {
          caller.createJob(input).on('succeeded', resolve).on('failed', reject).save().catch(reject)
        })
      },
    }
  },

  async worker(place, { concurrency, handle, completed }) {
    const queue = new Queue<Input>(NAME, { ...at(place), activateDelayedJobs: true })
    queue.on('succeeded', completed)
    await queue.ready()
    queue.process(concurrency, (job) => Promise.resolve(handle(job.data)))
    await queue.checkStalledJobs(CHECK_MS)
  },

  async listener(place, heard) {
    const queue = new Queue(NAME, { ...at(place), isWorker: false })
    queue.on('job succeeded', heard)
    await queue.ready()
  },
}
