/** Runs the workers of a module, whichever way it brings them. */
import type { TaskTree } from '@lovage/core'
import {
  createWorker,
  type HostedOptions,
  type HostedWorker,
  hostWorkers,
  type WorkerOptions,
} from '@lovage/worker'
import { UsageError } from './complaint.ts'
import { type Context, placeOf, type SharedOptions } from './context.ts'
import { loadModule, registerTypeScript } from './load-module.ts'
import type { WorkerOptions as Typed } from './run/worker.ts'
import { endWithWatcher, isWatched, WATCHED_DRAIN } from './watched.ts'

/** @throws UsageError `WORKER_MISSING`, and what `loadModule` throws */
export async function runModule(path: string, typed: Typed, { options }: Context): Promise<void> {
  const { redis, namespace, partitions } = options
  const isReloaded = isWatched()
  const drainTimeout = typed.drainTimeout ?? (isReloaded ? WATCHED_DRAIN : undefined)
  const { concurrency, queues, logLevel, name } = typed
  // What the module reads from the environment, for a queue that its handlers use, should be the same.
  if (redis !== undefined) process.env['REDIS_URL'] = redis
  if (isReloaded) {
    endWithWatcher()
    await registerTypeScript() // before anything of the user's is loaded, so that all of it is heard of
  }
  const workers: HostedWorker[] = []
  hostWorkers({
    defaults: await defaultsOf(options),
    overrides: { redis, namespace, partitions, concurrency, queues, logLevel, drainTimeout, name },
    onWorker: (worker) => void workers.push(worker),
  })
  // A module that runs its worker itself is loaded only when that has stopped.
  const module = await loadModule(path, 'worker module')
  const exported = Object.values(module).find(isWorkerOptions)
  if (workers.length === 0 && exported !== undefined) createWorker(exported)
  if (workers.length === 0) {
    throw new UsageError('WORKER_MISSING', `${path} makes no worker and exports none.`, {
      help: 'createWorker({ tasks, handlers }), or export const worker = { tasks, handlers }',
    })
  }
  await Promise.all(workers.map((worker) => worker.run()))
}

async function defaultsOf(options: SharedOptions): Promise<HostedOptions> {
  const { redis: place, partitions } = await placeOf(options)
  const { namespace, ...redis } = place
  return { namespace, partitions, redis: Object.keys(redis).length === 0 ? undefined : redis }
}

const isWorkerOptions = (value: unknown): value is WorkerOptions<TaskTree> =>
  typeof value === 'object' && value !== null && 'tasks' in value && 'handlers' in value
