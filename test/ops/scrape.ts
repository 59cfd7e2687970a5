/** What a probe answers, and its metrics as Prometheus would read them. */
import parse from 'parse-prometheus-text-format'

export async function ask(url: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

interface Family {
  name: string
  metrics: { value: string; labels?: Record<string, string> }[]
}

export class Scrape {
  readonly #families: readonly Family[]

  constructor(text: string) {
    // Of a histogram with labels the parser keeps only the last series; without types it reads each line as it is.
    this.#families = parse(text.replaceAll(/^# TYPE .*\n/gm, '')) as Family[]
  }

  static async of(probeUrl: string): Promise<Scrape> {
    const response = await fetch(`${probeUrl}/metrics`)
    if (!response.ok) throw new Error(`/metrics answered ${response.status}: ${await response.text()}`)
    return new Scrape(await response.text())
  }

  names(): string[] {
    return this.#families.map(({ name }) => name)
  }

  /** The value of the one series with these labels; `undefined` when there is none. */
  value(name: string, labels: Record<string, string> = {}): number | undefined {
    const series = this.#families
      .find((family) => family.name === name)
      ?.metrics.find((one) => Object.entries(labels).every(([label, value]) => one.labels?.[label] === value))
    return series && Number(series.value)
  }
}
