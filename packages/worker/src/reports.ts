/**
 * Progress: what handlers report, on its way to whoever follows.
 *
 * A report is parsed when it is made and then waits, one for each attempt; a newer one takes its place. The first
 * goes out at once, later ones at most every 100 ms for each job, all that are due in one call, one call at a time.
 * What has not gone out when the handler ends goes with the settlement, so that followers have the last report
 * before the outcome.
 */
import { type Clock, type Encoded, STEP_MAX, type Store } from '@lovage/core'
import { type Attempt, heldOf } from './attempt.ts'
import { readReport, type Report } from './read-report.ts'

/** Ten a second is as smooth as a progress bar needs, and 50 busy jobs cost a Redis half a percent. */
const EVERY_MS = 100
/** After a call that failed, for as long as nobody has noticed otherwise that the store is gone. */
const PAUSE_MS = 1_000

/** What one attempt has reported and nobody was told yet. */
export interface Reporting {
  unsent: Encoded | undefined
  nextAt: number
  isInFlight: boolean
  /** Set while a schema takes its time; the newest value that came meanwhile waits for its turn. */
  parsing: Promise<void> | null
  next: { value: unknown } | null
  isWarned: boolean
}

export interface ReportsOptions {
  store: Store
  clock: Clock
  /** `null` while there is none. */
  session: () => string | null
  /** The store says that these jobs are held no longer. */
  onFenced: (ids: readonly string[]) => void
  onRefused: (attempt: Attempt, why: string) => void
}

export class Reports {
  readonly #options: ReportsOptions
  readonly #unsent = new Set<Attempt>()
  #sending: Promise<void> | null = null
  #pausedUntil = 0
  #timer: { at: number; cancel: () => void } | null = null

  constructor(options: ReportsOptions) {
    this.#options = options
  }

  readonly report = (attempt: Attempt, value: unknown): void => {
    if (attempt.phase !== 'running') return
    attempt.reporting ??= {
      unsent: undefined,
      nextAt: 0,
      isInFlight: false,
      parsing: null,
      next: null,
      isWarned: false,
    }
    if (attempt.reporting.parsing === null) this.#take(attempt, attempt.reporting, value)
    else attempt.reporting.next = { value }
  }

  /** What must be written with the outcome. Waits for what is under way, so that nothing is written twice. */
  async last(attempt: Attempt): Promise<Encoded | undefined> {
    while (attempt.reporting?.parsing) await attempt.reporting.parsing
    if (attempt.reporting?.isInFlight) await this.#sending
    return this.drop(attempt)
  }

  /** Nothing more of it goes out by itself; answers what has not gone yet. */
  drop(attempt: Attempt): Encoded | undefined {
    this.#unsent.delete(attempt)
    return attempt.reporting?.unsent
  }

  /** The session has (re)joined. */
  resume(): void {
    this.#pausedUntil = 0
    this.#flush()
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#unsent.clear()
  }

  #take(attempt: Attempt, reporting: Reporting, value: unknown): void {
    const reading = readReport(attempt.bound.task.progress, value)
    if (!(reading instanceof Promise)) return this.#accept(attempt, reporting, reading)
    reporting.parsing = reading.then((report) => {
      this.#accept(attempt, reporting, report)
      reporting.parsing = null
      const { next } = reporting
      reporting.next = null
      if (next !== null) this.#take(attempt, reporting, next.value)
    })
  }

  #accept(attempt: Attempt, reporting: Reporting, report: Report): void {
    if (report.ok) {
      reporting.unsent = report.data
      this.#unsent.add(attempt)
      this.#wakeAt(reporting.nextAt)
    } else if (!reporting.isWarned) {
      reporting.isWarned = true
      this.#options.onRefused(attempt, report.why)
    }
  }

  #wakeAt(at: number): void {
    if (this.#sending !== null) return // its end looks again
    const now = this.#options.clock.now()
    const dueAt = Math.max(at, this.#pausedUntil, now)
    if (this.#timer !== null && this.#timer.at <= dueAt) return
    this.#timer?.cancel()
    const flush = (): void => {
      this.#timer = null
      this.#flush()
    }
    if (dueAt > now) this.#timer = { at: dueAt, cancel: this.#options.clock.after(dueAt - now, flush) }
    else {
      let isCancelled = false
      this.#timer = { at: dueAt, cancel: () => void (isCancelled = true) }
      // Whatever reports in this turn of the event loop goes out together.
      process.nextTick(() => isCancelled || flush())
    }
  }

  #flush(): void {
    const { store, clock } = this.#options
    const session = this.#options.session()
    if (this.#sending !== null || session === null || this.#unsent.size === 0) return
    const now = clock.now()
    const due =
      now < this.#pausedUntil ? [] : [...this.#unsent].filter(({ reporting }) => reporting!.nextAt <= now)
    const batch = due.slice(0, STEP_MAX).map((attempt) => this.#pack(attempt, attempt.reporting!, now))
    if (batch.length === 0) return this.#wakeAt(this.#earliest())
    this.#sending = store
      .progress(
        session,
        batch.map(({ attempt, data }) => ({ ...heldOf(attempt.claimed), data })),
      )
      .then(
        ({ lost }) => {
          for (const { reporting } of batch) reporting.isInFlight = false
          if (lost.length > 0) this.#options.onFenced(lost)
        },
        () => this.#putBack(batch),
      )
      .then(() => {
        this.#sending = null
        if (this.#unsent.size > 0) this.#wakeAt(this.#earliest())
      })
  }

  #pack(attempt: Attempt, reporting: Reporting, now: number): Packed {
    const data = reporting.unsent as Encoded
    reporting.unsent = undefined
    reporting.isInFlight = true
    reporting.nextAt = now + EVERY_MS
    this.#unsent.delete(attempt)
    return { attempt, reporting, data }
  }

  #putBack(batch: readonly Packed[]): void {
    this.#pausedUntil = this.#options.clock.now() + PAUSE_MS
    for (const { attempt, reporting, data } of batch) {
      reporting.isInFlight = false
      reporting.unsent ??= data
      if (attempt.phase === 'running') this.#unsent.add(attempt)
    }
  }

  #earliest(): number {
    let earliest = Number.POSITIVE_INFINITY
    for (const { reporting } of this.#unsent) earliest = Math.min(earliest, reporting!.nextAt)
    return earliest
  }
}

interface Packed {
  attempt: Attempt
  reporting: Reporting
  data: Encoded
}
