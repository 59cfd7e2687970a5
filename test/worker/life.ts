/** A queue and workers on one store in memory, for tasks of a test's own, with the time in its hands. */
import { type Handlers, type Queue, queueOver, type Store, type TaskTree } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { createWorker, type Worker, type WorkerOptions } from '@lovage/worker'
import { onTestFinished } from 'vitest'
import { ManualClock } from '../kit/manual-clock.ts'

export interface Life<Tree extends TaskTree> {
  clock: ManualClock
  store: Store
  queue: Queue<Tree>
  /** Starts a worker, for these tasks or for others. */
  start<Other extends TaskTree = Tree>(
    handlers: Handlers<NoInfer<Other>>,
    options?: Partial<Omit<WorkerOptions<Other>, 'handlers'>>,
  ): Promise<Worker>
}

export function life<const Tree extends TaskTree>(tasks: Tree, startMs?: number): Life<Tree> {
  const clock = new ManualClock(startMs)
  const store = createMemoryStore({ clock })
  const queue = queueOver(tasks, store, { clock, random: () => 0.5 })
  const workers: Worker[] = []
  onTestFinished(async () => void (await Promise.all(workers.map((worker) => worker.stop({ timeout: 0 })))))
  return {
    clock,
    store,
    queue,
    async start(handlers, options = {}) {
      const all = { tasks, store, clock, random: () => 0.5, logLevel: 'silent', ...options, handlers }
      const worker = createWorker(all as unknown as WorkerOptions<TaskTree>)
      workers.push(worker)
      await worker.start()
      await clock.advance(0)
      return worker
    },
  }
}
