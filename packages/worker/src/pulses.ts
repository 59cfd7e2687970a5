/**
 * Tells the store every few seconds how this worker does, for whoever inspects the queue. Says nothing while nothing
 * has changed: an idle worker costs no commands for it. Nothing depends on it: what cannot be told is told next time.
 */
import type { Clock, Pulse, Store } from '@lovage/core'
import type { Events, JobEvent } from './events.ts'
import { type Ending, Tallies } from './tallies.ts'

const PULSE_MS = 5_000

export interface PulsesOptions {
  store: Store
  clock: Clock
  events: Events
  /** `null` while there is none. */
  session: () => string | null
  load: () => Pick<Pulse, 'used' | 'unsettled' | 'abandoned' | 'pools'>
}

export class Pulses {
  readonly #options: PulsesOptions
  readonly #tallies: Tallies
  /** What was said last, to whom, as text: without what changes all the time. */
  #said = ''
  #isSaying = false
  #cancelNext: (() => void) | undefined

  constructor(options: PulsesOptions) {
    this.#options = options
    this.#tallies = new Tallies(options.clock.now())
    const { events } = options
    const count =
      (ending: Ending) =>
      ({ task, ms }: JobEvent & { ms?: number }): void =>
        this.#tallies.count(task, ending, ms)
    events.on('job.succeeded', count('succeeded'))
    events.on('job.failed', count('failed'))
    events.on('job.retrying', count('retrying'))
    events.on('job.cancelled', count('cancelled'))
    events.on('job.lost', count('lost'))
  }

  /** Speaks at once, since a session that has just joined is not known yet, and from then on. */
  start(): void {
    this.close()
    const beat = (): void => {
      this.#cancelNext = this.#options.clock.after(PULSE_MS, beat)
      void this.#say()
    }
    beat()
  }

  close(): void {
    this.#cancelNext?.()
    this.#cancelNext = undefined
  }

  async #say(): Promise<void> {
    const { store, clock, session, load } = this.#options
    const { windowMs, tasks } = this.#tallies.read(clock.now())
    const id = session()
    if (id === null || this.#isSaying) return
    const news = JSON.stringify([id, load(), tasks])
    if (news === this.#said) return
    this.#isSaying = true
    try {
      await store.pulse(id, { ...load(), rssBytes: process.memoryUsage.rss(), windowMs, tasks })
      this.#said = news
    } catch {
      // The session says itself that the store cannot be reached.
    } finally {
      this.#isSaying = false
    }
  }
}
