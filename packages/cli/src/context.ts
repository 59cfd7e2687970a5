/** What every command is given: the options that all share, and ways to the outside. */
import type { TaskTree } from '@lovage/core'
import type { Partitions, RedisStoreOptions } from '@lovage/redis'
import type { Output } from './output.ts'

export interface SharedOptions {
  redis?: string
  namespace?: string
  partitions?: number
  tasks?: string
  config?: string
  json?: boolean
}

export interface Context {
  readonly options: SharedOptions
  readonly out: Output
}

export interface Place {
  redis: RedisStoreOptions
  partitions: Partitions | undefined
  /** `undefined`: nobody told us of any, so every name is taken as it is. */
  tasks: TaskTree | undefined
}

/** Where the jobs are: what was typed goes before the environment, and that before the configuration. */
export async function placeOf({
  redis,
  namespace,
  partitions,
  tasks,
  config: path,
}: SharedOptions): Promise<Place> {
  const { readConfig, readTasks } = await import('./config.ts')
  const config = await readConfig(path)
  // A variable that is set to nothing is none.
  const address = redis ?? (process.env['REDIS_URL'] || config.redis)
  const store = address === undefined ? {} : isAddress(address) ? { url: address } : address
  const name = namespace ?? config.namespace
  return {
    redis: name === undefined ? store : { ...store, namespace: name },
    partitions: partitions ?? (redis === undefined ? config.partitions : undefined),
    tasks: tasks === undefined ? config.tasks : await readTasks(tasks),
  }
}

const isAddress = (
  redis: string | readonly string[] | RedisStoreOptions,
): redis is string | readonly string[] => typeof redis === 'string' || Array.isArray(redis)
