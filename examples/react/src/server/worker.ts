// The worker, a process of its own: `REDIS_URL=redis://… node dist/server/worker.js`. SIGTERM drains it.
import { createWorker } from '@lovage/worker'
import { createHandlers } from './handlers.ts'
import { readyModel } from './model.ts'
import { concurrency, namespace, paceMs, redis } from './settings.ts'
import { tasks } from './tasks.ts'

const handlers = createHandlers(await readyModel(), paceMs)
await createWorker({ tasks, redis, namespace, concurrency, handlers, logLevel: 'warn' }).run()
