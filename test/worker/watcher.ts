/** Keeps what a worker tells, so that a test can wait for it, whether it was told already or not. */
import type { Worker, WorkerEvent, WorkerEvents } from '@lovage/worker'

const EVENTS = Object.keys({
  'job.received': true,
  'job.started': true,
  'job.succeeded': true,
  'job.failed': true,
  'job.retrying': true,
  'job.cancelled': true,
  'job.lost': true,
  'job.returned': true,
  'job.overtime': true,
  'job.abandoned': true,
  'job.late': true,
  'job.report_refused': true,
  'child.ready': true,
  'child.ended': true,
  'worker.joined': true,
  'worker.probed': true,
  'worker.disconnected': true,
  'worker.expired': true,
  'worker.rejoined': true,
  'worker.draining': true,
  'worker.drained': true,
  'worker.warning': true,
  'worker.error': true,
} satisfies Record<WorkerEvent, true>) as WorkerEvent[]

interface Told {
  name: WorkerEvent
  event: WorkerEvents[WorkerEvent]
}

export class Watcher {
  readonly told: Told[] = []
  readonly #hearers = new Set<() => void>()

  constructor(worker: Worker) {
    for (const name of EVENTS) {
      worker.on(name, (event) => {
        this.told.push({ name, event })
        for (const hear of this.#hearers) hear()
      })
    }
  }

  /** What was told under this name so far. */
  all<E extends WorkerEvent>(name: E): WorkerEvents[E][] {
    return this.told.filter((one) => one.name === name).map(({ event }) => event as WorkerEvents[E])
  }

  /** Resolves with the event once it was told so many times. */
  until<E extends WorkerEvent>(name: E, times = 1): Promise<WorkerEvents[E]> {
    return new Promise((resolve) => {
      const hear = (): void => {
        const event = this.all(name)[times - 1]
        if (event === undefined) return
        this.#hearers.delete(hear)
        resolve(event)
      }
      this.#hearers.add(hear)
      hear()
    })
  }

  /** Resolves once this one job was told of under this name. */
  untilJob<E extends WorkerEvent & `job.${string}`>(name: E, id: string): Promise<WorkerEvents[E]> {
    return new Promise((resolve) => {
      const hear = (): void => {
        const event = this.all(name).find((job) => job.id === id)
        if (event === undefined) return
        this.#hearers.delete(hear)
        resolve(event)
      }
      this.#hearers.add(hear)
      hear()
    })
  }
}
