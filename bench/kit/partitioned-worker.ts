/** A worker in a process of its own that empties a queue, and says how long that took it. */
import { createWorker } from '@lovage/worker'
import { type Emptied, partitionTasks } from './partition-tasks.ts'

const places = JSON.parse(process.env['PLACES'] as string) as string[]
const jobs = Number(process.env['JOBS'])
const warm = Math.floor(jobs / 5)

const worker = createWorker({
  tasks: partitionTasks,
  partitions: places,
  concurrency: 100,
  logLevel: 'error',
  signals: false,
  handlers: { nothing: () => ({ ok: true }) },
})
let ended = 0
let from = 0
let cpu = process.cpuUsage()
worker.on('job.succeeded', () => {
  ended += 1
  if (ended === warm) {
    from = performance.now()
    cpu = process.cpuUsage()
  }
  if (ended !== jobs) return
  const seconds = (performance.now() - from) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  const counted = jobs - warm
  process.send?.({
    perSecond: counted / seconds,
    cpuSeconds: (user + system) / 1e6,
    counted,
  } satisfies Emptied)
})
await worker.start()
