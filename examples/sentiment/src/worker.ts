// Player three, a process of its own: `REDIS_URL=redis://… node dist/worker.js`. SIGTERM and Ctrl-C drain it.
import { mkdir } from 'node:fs/promises'
import { createWorker } from '@lovage/worker'
import { createHandlers } from './handlers.ts'
import { cacheDirectory, concurrency, modelPath, namespace } from './settings.ts'
import { tasks } from './tasks.ts'

await mkdir(cacheDirectory, { recursive: true })

const worker = createWorker({
  tasks,
  redis: process.env['REDIS_URL'],
  namespace,
  concurrency,
  handlers: createHandlers(modelPath),
})

// Whoever started this process over a channel wants it to end with him, even if he was killed.
if (process.connected) process.once('disconnect', () => void worker.stop({ timeout: '5s' }))

await worker.run()
if (process.connected) process.disconnect()
