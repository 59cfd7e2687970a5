// The API as a process; without a Redis also the worker and the store, in its memory.
import { queueOver } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { createQueue } from '@lovage/server'
import { createWorker } from '@lovage/worker'
import { startApi } from './api.ts'
import { createHandlers } from './handlers.ts'
import { readyModel } from './model.ts'
import { apiPort, concurrency, namespace, paceMs, redis } from './settings.ts'
import { tasks } from './tasks.ts'

const { queue, stopWorker } = redis === undefined ? await embedded() : onRedis()
const server = await startApi(queue, apiPort)
console.log(`api     ${server.url}`)
console.log(`store   ${redis === undefined ? 'in memory, with the worker in this process' : 'Redis'}`)

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void close())
}

async function close(): Promise<void> {
  await server.close()
  await stopWorker()
  await queue.close()
}

async function embedded() {
  const store = createMemoryStore()
  const handlers = createHandlers(await readyModel(), paceMs)
  const worker = createWorker({ tasks, store, concurrency, handlers, logLevel: 'warn' })
  await worker.start()
  return { queue: queueOver(tasks, store), stopWorker: () => worker.stop({ timeout: 0 }) }
}

function onRedis() {
  return { queue: createQueue({ tasks, redis, namespace }), stopWorker: async () => {} }
}
