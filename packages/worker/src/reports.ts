/**
 * What handlers report and say, on its way to whoever follows.
 *
 * A report of progress is parsed when it is made and then waits, one for each attempt; a newer one takes its place.
 * Lines and chunks wait in their order (`speech.ts`). The first of an attempt goes out at once, more at most every
 * 100 ms for each job, all that is due of all jobs in one call of each kind, one after the other. When the handler
 * ends, what it said and nobody was told yet goes out before its outcome; a last report goes with the outcome.
 */
import { nextTick } from 'node:process'
import {
  type Clock,
  type Encoded,
  type LineFields,
  type LineLevel,
  type SaidPart,
  STEP_MAX,
  type Store,
} from '@lovage/core'
import { type Attempt, heldOf } from './attempt.ts'
import { readReport, type Report } from './read-report.ts'
import { Speech } from './speech.ts'

/** Ten a second is as smooth as a progress bar needs, and 50 busy jobs cost a Redis half a percent. */
const EVERY_MS = 100
/** Parts of what was said that one call writes, or those of one attempt: at some 5 µs each Redis is held up for 1 ms. */
const MAX_PARTS = 200
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
  /** What it said; absent until it says something. */
  speech: Speech | undefined
}

export interface ReportsOptions {
  store: Store
  clock: Clock
  /** `null` while there is none. */
  session: () => string | null
  /** The store says that these jobs are held no longer. */
  onFenced: (ids: readonly string[]) => void
  onRefused: (attempt: Attempt, why: string) => void
  /** Added to an attempt's time limit and the time that its result is kept: so long is kept what it said. */
  graceMs: number
}

export class Reports {
  readonly #options: ReportsOptions
  readonly #unsent = new Set<Attempt>()
  #sending: Promise<void> | null = null
  #pausedUntil = 0
  #timer: { at: number; cancel: () => void } | null = null
  /** Called when a call has ended, or something is no longer to go out. */
  #onTurn = new Set<() => void>()

  constructor(options: ReportsOptions) {
    this.#options = options
  }

  readonly report = (attempt: Attempt, value: unknown): void => {
    if (attempt.phase !== 'running') return
    const reporting = reportingOf(attempt)
    if (reporting.parsing === null) this.#take(attempt, reporting, value)
    else reporting.next = { value }
  }

  readonly log = (
    attempt: Attempt,
    level: LineLevel,
    message: string,
    fields: LineFields | undefined,
  ): void => {
    if (attempt.phase === 'running') this.#say(attempt).log(this.#options.clock.now(), level, message, fields)
  }

  readonly chunk = (attempt: Attempt, text: string): void => {
    if (attempt.phase === 'running') this.#say(attempt).chunk(text)
  }

  /** What a thread or process has read already. */
  received(attempt: Attempt, report: Report): void {
    if (attempt.phase === 'running') this.#accept(attempt, reportingOf(attempt), report)
  }

  /** What a thread or process has put together already. */
  said(attempt: Attempt, parts: readonly SaidPart[]): void {
    if (attempt.phase !== 'running') return
    const speech = this.#say(attempt)
    for (const part of parts) speech.add(part)
  }

  /** What must be written with the outcome. Waits for what is under way, so that nothing is written twice. */
  async last(attempt: Attempt): Promise<Encoded | undefined> {
    while (attempt.reporting?.parsing) await attempt.reporting.parsing
    while (attempt.reporting?.speech?.isTold === false) {
      attempt.reporting.nextAt = 0 // an outcome does not wait for the pace of reports
      this.#unsent.add(attempt)
      this.#wakeAt(0)
      await new Promise<void>((resolve) => void this.#onTurn.add(resolve))
    }
    if (attempt.reporting?.isInFlight) await this.#sending
    return this.drop(attempt)
  }

  /** Nothing more of it goes out by itself; answers what has not gone yet. */
  drop(attempt: Attempt): Encoded | undefined {
    this.#unsent.delete(attempt)
    if (attempt.reporting?.speech !== undefined) {
      attempt.reporting.speech = undefined
      this.#turn()
    }
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

  #turn(): void {
    const calls = this.#onTurn
    this.#onTurn = new Set()
    for (const call of calls) call()
  }

  #say(attempt: Attempt): Speech {
    const reporting = reportingOf(attempt)
    this.#unsent.add(attempt)
    this.#wakeAt(reporting.nextAt)
    return (reporting.speech ??= new Speech())
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
      nextTick(() => isCancelled || flush())
    }
  }

  #flush(): void {
    const { clock } = this.#options
    const session = this.#options.session()
    if (this.#sending !== null || session === null || this.#unsent.size === 0) return
    const now = clock.now()
    const due =
      now < this.#pausedUntil ? [] : [...this.#unsent].filter(({ reporting }) => reporting!.nextAt <= now)
    const batch = this.#pack(due, now)
    if (batch.length === 0) return this.#wakeAt(this.#earliest())
    this.#sending = Promise.all([this.#tellSpeech(session, batch), this.#tellProgress(session, batch)]).then(
      () => {
        for (const { reporting } of batch) reporting.isInFlight = false
        this.#sending = null
        if (this.#unsent.size > 0) this.#wakeAt(this.#earliest())
        this.#turn()
      },
    )
  }

  #pack(due: readonly Attempt[], now: number): Packed[] {
    const batch: Packed[] = []
    let count = 0
    for (const attempt of due.slice(0, STEP_MAX)) {
      const reporting = attempt.reporting as Reporting
      const { speech, unsent: data } = reporting
      const parts = speech?.take() ?? []
      count += parts.length
      if (count > MAX_PARTS && batch.length > 0) break
      reporting.unsent = undefined
      reporting.isInFlight = true
      reporting.nextAt = now + EVERY_MS
      this.#unsent.delete(attempt)
      batch.push({ attempt, reporting, data, speech, parts })
    }
    return batch
  }

  async #tellProgress(session: string, batch: readonly Packed[]): Promise<void> {
    const reports = batch.flatMap(({ attempt, data }) =>
      data === undefined ? [] : [{ ...heldOf(attempt), data }],
    )
    if (reports.length === 0) return
    try {
      this.#fence(await this.#options.store.progress(session, reports))
    } catch {
      for (const { attempt, reporting, data } of batch) {
        reporting.unsent ??= data
        this.#again(attempt)
      }
    }
  }

  async #tellSpeech(session: string, batch: readonly Packed[]): Promise<void> {
    const { store, graceMs } = this.#options
    const spoken = batch.filter(({ parts }) => parts.length > 0)
    if (spoken.length === 0) return
    try {
      const reports = spoken.map(({ attempt, parts }) => {
        const { terms } = attempt
        return { ...heldOf(attempt), parts, keepMs: terms.timeLimitMs + graceMs + terms.ttlMs }
      })
      this.#fence(await store.say(session, reports))
      for (const { speech } of spoken) speech?.arrived()
    } catch {
      for (const { attempt } of spoken) this.#again(attempt)
    }
    for (const { attempt, speech } of spoken) if (speech?.isTold === false) this.#keep(attempt)
  }

  #fence({ lost }: { lost: readonly string[] }): void {
    if (lost.length > 0) this.#options.onFenced(lost)
  }

  #again(attempt: Attempt): void {
    this.#pausedUntil = this.#options.clock.now() + PAUSE_MS
    this.#keep(attempt)
  }

  #keep(attempt: Attempt): void {
    if (attempt.phase === 'running') this.#unsent.add(attempt)
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
  data: Encoded | undefined
  speech: Speech | undefined
  parts: readonly SaidPart[]
}

function reportingOf(attempt: Attempt): Reporting {
  attempt.reporting ??= {
    unsent: undefined,
    nextAt: 0,
    isInFlight: false,
    parsing: null,
    next: null,
    isWarned: false,
    speech: undefined,
  }
  return attempt.reporting
}
