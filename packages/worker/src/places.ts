/**
 * Where the handlers run that a module holds: here, in threads or in processes. Handlers that were given as functions
 * need no place: they are called.
 */
import type { Clock, Isolation, PoolView, Tracing } from '@lovage/core'
import type { WorkerTask } from './bind-handlers.ts'
import type { Events } from './events.ts'
import type { HandlerModule } from './handler-module.ts'
import { InlineModule } from './inline-module.ts'
import type { Place } from './place.ts'
import { Pool } from './pool/pool.ts'

export interface PlacesOptions {
  tasks: ReadonlyMap<string, WorkerTask>
  concurrency: number
  graceMs: number
  tracing: Pick<Tracing, 'module'> | undefined
  clock: Clock
  events: Events
}

export class Places {
  readonly #byTask = new Map<string, Place>()
  readonly #all: Place[] = []

  constructor({ tasks, concurrency, graceMs, tracing, clock, events }: PlacesOptions) {
    for (const { module, isolation, names } of groupsOf(tasks)) {
      const place =
        isolation === 'inline'
          ? new InlineModule(module.url, names, events)
          : new Pool({ module, isolation, tasks: names, size: concurrency, graceMs, tracing, clock, events })
      this.#all.push(place)
      for (const name of names) this.#byTask.set(name, place)
    }
  }

  /** `undefined` for a task whose handler is a function. */
  of(task: string): Place | undefined {
    return this.#byTask.get(task)
  }

  /**
   * Loads every module, so that one that cannot be loaded keeps the worker from starting.
   *
   * @throws LovageError `MODULE_FAILED`
   */
  async start(): Promise<void> {
    await Promise.all(this.#all.map((place) => place.start()))
  }

  /** The threads and processes. */
  pools(): PoolView[] {
    return this.#all.flatMap((place) => (place instanceof Pool ? [place.view()] : []))
  }

  /** Kills what still runs, and lets the rest tear down. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map((place) => place.close()))
  }
}

/** The tasks that share a place: those of one module and one kind of isolation. */
interface Group {
  module: HandlerModule
  isolation: Isolation
  names: string[]
}

function groupsOf(tasks: ReadonlyMap<string, WorkerTask>): Group[] {
  const groups: Group[] = []
  for (const [name, entry] of tasks) {
    if (!('module' in entry)) continue
    const { module, task } = entry
    const group = groups.find((one) => one.module === module && one.isolation === task.isolation)
    if (group === undefined) groups.push({ module, isolation: task.isolation, names: [name] })
    else group.names.push(name)
  }
  return groups
}
