/**
 * Fires the schedules that a step found due: those of tasks that any living worker knows, since all that a tick needs
 * stands in the schedule. Others stay due until such a worker comes; one of code that stays so for a day was given up.
 */
import { fireRequest, isLovageError, type Partition, type Tick } from '@lovage/core'
import type { Events } from './events.ts'

/** Longer than a service is away. Should it come back later still, it declares its schedules again when it starts. */
const GIVEN_UP_AFTER_MS = 86_400_000

export class Ticks {
  readonly #partition: Partition
  readonly #events: Events
  readonly #tasks: { has(name: string): boolean }

  constructor(partition: Partition, events: Events, tasks: { has(name: string): boolean }) {
    this.#partition = partition
    this.#events = events
    this.#tasks = tasks
  }

  /** What is not fired here is offered to another worker, or again to this one, a few seconds later. */
  fire(ticks: readonly Tick[]): void {
    for (const tick of ticks) {
      this.#fire(tick).catch((error: unknown) => {
        // Only a newer worker can read it; and one without a store is told so by its steps.
        if (isLovageError(error, 'VERSION_UNSUPPORTED') || isLovageError(error, 'STORE_UNAVAILABLE')) return
        this.#events.emit('worker.error', {
          error,
          during: `the firing of the schedule "${tick.schedule.name}"`,
        })
      })
    }
  }

  async #fire(tick: Tick): Promise<void> {
    const { store, newId } = this.#partition
    const { name, job, source, nextAt } = tick.schedule
    if (this.#tasks.has(job.task) || (await this.#isKnown(job.task)))
      await store.fire(fireRequest(tick, newId))
    else if (source === 'code' && tick.now - nextAt > GIVEN_UP_AFTER_MS) await store.removeSchedule(name)
  }

  /** To some worker that lives. One of a version that does not say what it knows might. */
  async #isKnown(task: string): Promise<boolean> {
    const { at, sessions } = await this.#partition.store.inspect({ running: 0 })
    return sessions.some(
      ({ leaseUntil, info }) => leaseUntil > at && (info === null || info.tasks.includes(task)),
    )
  }
}
