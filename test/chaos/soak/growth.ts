/** How things grew: a line laid through samples, for each thing that is weighed. */
export interface Sample {
  /** Jobs that had been enqueued. */
  jobs: number
  value: number
}

/** Growth for each million jobs, by least squares. */
export function slopeOf(samples: readonly Sample[]): number {
  const x = mean(samples.map(({ jobs }) => jobs))
  const y = mean(samples.map(({ value }) => value))
  let above = 0
  let below = 0
  for (const { jobs, value } of samples) {
    above += (jobs - x) * (value - y)
    below += (jobs - x) ** 2
  }
  return below === 0 ? 0 : (1_000_000 * above) / below
}

/** The first ones are left out: caches fill, and the memory of a young process grows. */
const WARM = 0.25
/** What is flat may grow so much with a million jobs. A leak of 20 bytes a job is 20 MB. */
const FLAT_BYTES = 8 * 1024 * 1024
const FLAT_COUNT = 10
/** Fewer samples say nothing. */
const FEW = 12

export class Growth {
  readonly #samples = new Map<string, Sample[]>()

  add(name: string, jobs: number, value: number): void {
    const samples = this.#samples.get(name) ?? []
    samples.push({ jobs, value })
    this.#samples.set(name, samples)
  }

  /** The newest values, in a line. */
  get now(): string {
    return [...this.#samples]
      .map(([name, samples]) => `${name} ${shown(name, samples.at(-1)?.value ?? 0)}`)
      .join(', ')
  }

  /** For each thing how it grew, and whether that is too much. */
  lines(): { line: string; grows: boolean }[] {
    return [...this.#samples].map(([name, all]) => {
      const samples = all.slice(Math.floor(all.length * WARM))
      const values = samples.map(({ value }) => value)
      const slope = slopeOf(samples)
      const line =
        `${name}: ${shown(name, Math.min(...values))} to ${shown(name, Math.max(...values))}, ` +
        `${slope < 0 ? '−' : '+'}${shown(name, Math.abs(slope))} per million jobs (${samples.length} samples)`
      return { line, grows: slope > (isBytes(name) ? FLAT_BYTES : FLAT_COUNT) && isRising(values) }
    })
  }
}

/** A slope through few samples may be chance: what leaks is higher at the end than it ever was in the first half. */
const isRising = (values: readonly number[]): boolean => {
  if (values.length < FEW) return false
  const half = Math.floor(values.length / 2)
  return (
    Math.min(...values.slice(-Math.max(1, Math.floor(values.length / 8)))) >
    Math.max(...values.slice(0, half))
  )
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length
const isBytes = (name: string): boolean => /heap|resident|memory/.test(name)
const shown = (name: string, value: number): string =>
  isBytes(name) ? `${(value / 1_048_576).toFixed(1)} MiB` : value.toFixed(value % 1 === 0 ? 0 : 1)
