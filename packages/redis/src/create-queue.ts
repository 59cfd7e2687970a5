/** The queue and the store that it stands on, opened together. */
import {
  type Duration,
  durationMs,
  type EngineOptions,
  type Queue,
  queueOver,
  type TaskTree,
} from '@lovage/core'
import { openStore, type StoreOptions } from './open-store.ts'

export type CreateQueueOptions<Tree extends TaskTree> = StoreOptions &
  Omit<EngineOptions, 'resultTtlMs'> & {
    tasks: Tree
    /** How long the results of tasks that do not say so themselves are kept. Default 24 h. */
    resultTtl?: Duration
  }

/**
 * The queue of a tree of tasks, for code that runs beside Redis, and for routers to be built on.
 *
 * It connects when it is first used. Close it, or the process stays.
 *
 * @example const queue = createQueue({ tasks, redis: process.env.REDIS_URL })
 */
export function createQueue<const Tree extends TaskTree>(options: CreateQueueOptions<Tree>): Queue<Tree> {
  const { tasks, resultTtl, ...rest } = options
  const engineOptions =
    resultTtl === undefined ? rest : { ...rest, resultTtlMs: durationMs(resultTtl, 'resultTtl') }
  return queueOver(tasks, openStore(rest), engineOptions)
}
