/** `lovage.config.ts`: what would otherwise be typed at every command. */
import { existsSync } from 'node:fs'
import { isTask, type TaskTree } from '@lovage/core'
import type { Partitions, RedisStoreOptions } from '@lovage/redis'
import { UsageError } from './complaint.ts'
import { loadModule } from './load-module.ts'

export interface LovageConfig {
  /** Where Redis is (of a cluster: some of its nodes), or the store's options in full. `--redis` and `REDIS_URL` go first. */
  redis?: string | readonly string[] | RedisStoreOptions | undefined
  /** What the names of all keys begin with. `--namespace` goes first. Default `lovage`. */
  namespace?: string | undefined
  /** How many partitions the queue has, or where each of them is. `--partitions` goes first; `--redis` means one. Default 1. */
  partitions?: Partitions | undefined
  /** With them inputs are checked and names of tasks corrected before anything is sent. `--tasks` goes first. */
  tasks?: TaskTree | undefined
}

/** Types the default export of a `lovage.config.ts`; gives back what it is given. */
export const defineConfig = (config: LovageConfig): LovageConfig => config

const NAMES = ['ts', 'mts', 'js', 'mjs'].map((extension) => `lovage.config.${extension}`)

/**
 * @param path The file; else one of the usual name in the working directory, where there is one.
 * @throws UsageError
 */
export async function readConfig(path: string | undefined): Promise<LovageConfig> {
  const file = path ?? NAMES.find((name) => existsSync(name))
  if (file === undefined) return {}
  const { default: config } = await loadModule(file, 'configuration')
  if (typeof config === 'object' && config !== null) return config
  throw new UsageError('CONFIG_INVALID', `${file} has no default export that is a configuration.`, {
    help: "export default defineConfig({ tasks }), with defineConfig from '@lovage/cli'",
  })
}

/** @throws UsageError when the module exports no tree of tasks */
export async function readTasks(path: string): Promise<TaskTree> {
  const module = await loadModule(path, 'module of tasks')
  const trees = Object.entries(module).filter((entry): entry is [string, TaskTree] => isTree(entry[1]))
  const [, tree] = trees.find(([name]) => name === 'tasks') ?? trees[0] ?? []
  if (tree !== undefined) return tree
  throw new UsageError('TASKS_MISSING', `${path} exports no tasks.`, {
    help: 'export const tasks = defineTasks({ … })',
  })
}

/** Whether somebody made this with `defineTasks`: every leaf is a task that knows its name. */
function isTree(value: unknown): value is TaskTree {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const entries = Object.values(value as TaskTree)
  const isEntry = (entry: TaskTree[string]): boolean =>
    typeof entry === 'object' && entry !== null && isTask(entry)
      ? typeof entry.name === 'string'
      : isTree(entry)
  return entries.length > 0 && !isTask(value as TaskTree) && entries.every(isEntry)
}
