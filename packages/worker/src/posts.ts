/** The parts of a worker at each partition of its queue, asked as one; one that is not partitioned has one of each. */
import { hostname } from 'node:os'
import {
  type AnyStore,
  type PoolView,
  partitionsOf,
  type Pulse,
  VERSION,
  type WorkerInfo,
} from '@lovage/core'
import { assemble, type Parts } from './assemble.ts'
import type { Events } from './events.ts'
import type { Settings } from './options.ts'
import { Places } from './places.ts'
import { Prefetch } from './prefetch.ts'
import { Slots } from './slots.ts'

export class Posts {
  readonly places: Places
  readonly #all: readonly Parts[]

  /** @param onDrained While it drains: nothing runs any more, and all is written. */
  constructor(settings: Settings, events: Events, store: AnyStore, onDrained: () => void) {
    this.places = new Places({ ...settings, events })
    const slots = new Slots(settings.concurrency)
    const partitions = partitionsOf(store)
    const prefetch = new Prefetch({
      most: settings.prefetch,
      slots: settings.concurrency,
      partitions: partitions.length,
    })
    const { places, load } = this
    const info = infoOf(settings) // one for all of them, by which they are known for one worker
    this.#all = partitions.map((partition) =>
      assemble(partition, {
        settings,
        events,
        slots,
        prefetch,
        places,
        info,
        load,
        onDrained: () => {
          if (this.#all.every(({ pump }) => pump.isIdle)) onDrained()
        },
      }),
    )
  }

  /**
   * Resolves once all have joined. The jobs of those that have are run meanwhile.
   *
   * @throws LovageError `STORE_UNSUPPORTED`, `INPUT_INVALID`, `OPTION_INVALID`
   */
  async start(): Promise<void> {
    await Promise.all(this.#all.map(({ session }) => session.start()))
  }

  /** Those of the partitions that are joined, with spaces between them; `null` while there is none. */
  get session(): string | null {
    const ids = this.#all.flatMap(({ session }) => session.id ?? [])
    return ids.length === 0 ? null : ids.join(' ')
  }

  /** None of them answers. */
  get isInTrouble(): boolean {
    return this.#all.every(({ session }) => session.isInTrouble)
  }

  get lastStepAt(): number | null {
    const moments = this.#all.flatMap(({ pump }) => pump.lastStepAt ?? [])
    return moments.length === 0 ? null : Math.max(...moments)
  }

  readonly load = (): Pick<Pulse, 'used' | 'unsettled' | 'abandoned' | 'pools'> => {
    const load = { used: 0, unsettled: 0, abandoned: 0 }
    for (const { attempts, outbox } of this.#all) {
      load.used += attempts.size
      load.unsettled += outbox.size
      load.abandoned += attempts.abandoned
    }
    const pools = this.pools()
    return pools.length === 0 ? load : { ...load, pools }
  }

  pools(): PoolView[] {
    return this.places.pools()
  }

  drain(): void {
    for (const { pump } of this.#all) pump.drain()
  }

  shutDown(): void {
    for (const { attempts } of this.#all) attempts.shutDown()
  }

  close(): void {
    for (const { pump, pulses, waiter, reports, attempts } of this.#all) {
      pump.close()
      pulses.close()
      waiter.reset()
      reports.close()
      attempts.close()
    }
  }

  /** @param onReturned Told of each partition how many jobs went back. Where one does not answer, its lease will run out instead. */
  async leave(onReturned: (count: number) => void): Promise<void> {
    await Promise.allSettled(this.#all.map(async ({ session }) => onReturned(await session.leave())))
  }
}

const infoOf = ({ name, tasks, queues, concurrency, clock }: Settings): WorkerInfo => ({
  name,
  host: hostname(),
  pid: process.pid,
  version: VERSION,
  tasks: [...tasks.keys()],
  queues,
  slots: concurrency,
  startedAt: clock.now(),
})
