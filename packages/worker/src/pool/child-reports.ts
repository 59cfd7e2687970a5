/**
 * What one job reports and says, on its way out of a child: read and bounded here as an inline handler's is, at a
 * bounded rate.
 */
import type { LineFields, LineLevel, SaidPart, Schema } from '@lovage/core'
import { readReport, type Report } from '../read-report.ts'
import { Speech } from '../speech.ts'

/** Half of what the worker waits between two reports of a job, so that what it sends on is never older than that. */
const EVERY_MS = 50

export interface ChildReportsOptions {
  schema: Schema | undefined
  onReport: (report: Report) => void
  onSaid: (parts: readonly SaidPart[]) => void
}

export class ChildReports {
  readonly #options: ChildReportsOptions
  readonly #speech = new Speech()
  #newest: { value: unknown } | null = null
  #parsing: Promise<void> | null = null
  #nextAt = 0
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  constructor(options: ChildReportsOptions) {
    this.#options = options
  }

  readonly report = (value: unknown): void => {
    if (this.#isOver) return
    this.#newest = { value }
    this.#tellInTime()
  }

  readonly log = (level: LineLevel, message: string, fields?: LineFields): void => {
    if (this.#isOver) return
    this.#speech.log(Date.now(), level, message, fields)
    this.#tellInTime()
  }

  readonly chunk = (text: string): void => {
    if (this.#isOver) return
    this.#speech.chunk(text)
    this.#tellInTime()
  }

  /** The handler has ended: what it said last goes out, and nothing more after it. */
  async end(): Promise<void> {
    this.#isOver = true
    for (;;) {
      if (this.#parsing !== null) await this.#parsing
      clearTimeout(this.#timer)
      this.#tell()
      if (this.#newest === null && this.#parsing === null) return
    }
  }

  /** By the time and not by a timer alone: a handler that computes without a pause is followed all the same. */
  #tellInTime(): void {
    const waitMs = this.#nextAt - performance.now()
    if (waitMs <= 0) this.#tell()
    else this.#timer ??= setTimeout(() => this.#tell(), waitMs)
  }

  #tell(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#nextAt = performance.now() + EVERY_MS
    if (!this.#speech.isTold) {
      this.#options.onSaid(this.#speech.take())
      this.#speech.arrived()
    }
    if (this.#newest !== null && this.#parsing === null) this.#read(this.#newest)
  }

  #read({ value }: { value: unknown }): void {
    const { schema, onReport } = this.#options
    this.#newest = null
    const reading = readReport(schema, value)
    if (!(reading instanceof Promise)) return onReport(reading)
    this.#parsing = reading.then((report) => {
      this.#parsing = null
      onReport(report)
      if (this.#newest !== null && !this.#isOver) this.#tellInTime()
    })
  }
}
