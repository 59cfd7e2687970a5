/**
 * A program that loads modules which make workers, such as `lovage worker ./worker.ts --concurrency 4`: it says some
 * options better than the module does, and sees to it that every worker that was made is run.
 *
 * They meet in a global of a registered symbol, because the module may have a copy of this package of its own.
 */
import type { TaskTree } from '@lovage/core'
import type { WorkerOptions } from './options.ts'

export type HostedOptions = Partial<Omit<WorkerOptions<TaskTree>, 'tasks' | 'handlers' | 'store'>>

/** What is done with every worker, whatever copy of this package it is of. */
export interface HostedWorker {
  run(): Promise<void>
}

export interface WorkerHost {
  /** Stand in for what the module leaves out. */
  readonly defaults: HostedOptions
  /** Go before what the module says. */
  readonly overrides: HostedOptions
  readonly onWorker: (worker: HostedWorker) => void
}

const HOST = Symbol.for('lovage.worker-host')

const place = globalThis as { [HOST]?: WorkerHost }

/** From now on all workers of this process are made under this host. */
export function hostWorkers(host: WorkerHost): void {
  place[HOST] = host
}

export const workerHost = (): WorkerHost | undefined => place[HOST]

/** What a worker is made with: a store of its own keeps the host's Redis out. */
export function hosted<Tree extends TaskTree>(
  options: WorkerOptions<Tree>,
  { defaults, overrides }: WorkerHost,
): WorkerOptions<Tree> {
  const merged = { ...defaults, ...present(options), ...present(overrides) } as WorkerOptions<Tree>
  return options.store === undefined ? merged : { ...merged, redis: undefined, partitions: undefined }
}

const present = <T extends object>(options: T): Partial<T> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>
