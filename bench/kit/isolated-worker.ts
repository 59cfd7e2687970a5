/** A worker in a process of its own. It says when a job begins, and stops as soon as it is asked to. */
import { createWorker, handlerModule } from '@lovage/worker'
import { isolatedTasks } from './isolated-tasks.ts'

const { REDIS_URL, NAMESPACE } = process.env
const module = handlerModule(new URL('./isolated.js', import.meta.url))
const worker = createWorker({
  tasks: isolatedTasks,
  redis: REDIS_URL,
  namespace: NAMESPACE,
  drainTimeout: 1, // what is measured comes after it
  logLevel: 'silent',
  handlers: { inline: module, thread: module, process: module },
})
worker.on('job.started', ({ id }) => process.send?.(id))
process.channel?.unref()
await worker.run()
