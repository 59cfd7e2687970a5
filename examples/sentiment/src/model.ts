// A linear sentiment model: one weight per word and per pair of words, summed and squashed to a probability.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { featuresOf, tokensOf } from './tokens.ts'

export interface Score {
  /** Probability that the text is positive, 0 to 1, rounded to 4 places. */
  readonly score: number
  readonly label: 'positive' | 'negative'
}

const Saved = z.object({ version: z.literal(1), weights: z.record(z.string(), z.number()) })

export class SentimentModel {
  readonly weights: ReadonlyMap<string, number>

  constructor(weights: ReadonlyMap<string, number>) {
    this.weights = weights
  }

  score(text: string): Score {
    let sum = 0
    let known = 0
    for (const feature of featuresOf(tokensOf(text))) {
      const weight = this.weights.get(feature)
      if (weight === undefined) continue
      sum += weight
      known++
    }
    const score = Math.round(sigmoid(logitOf(sum, known)) * 10_000) / 10_000
    return { score, label: score >= 0.5 ? 'positive' : 'negative' }
  }

  /**
   * Written beside `path` and moved there, so that a reader sees the old model or the new one, never half
   * of one.
   */
  async save(path: string): Promise<void> {
    const saved: z.infer<typeof Saved> = { version: 1, weights: Object.fromEntries(this.weights) }
    const draft = `${path}.${process.pid}.draft`
    await writeFile(draft, JSON.stringify(saved))
    await rename(draft, path)
  }

  /** @throws the file system's error when there is none, ZodError when it is not a model of this version. */
  static async load(path: string): Promise<SentimentModel> {
    const { weights } = Saved.parse(JSON.parse(await readFile(path, 'utf8')))
    return new SentimentModel(new Map(Object.entries(weights)))
  }
}

/**
 * A text of `known` features whose weights add up to `sum`. Divided by the root, so that a long sentence is
 * not sure of itself only because it is long, and one word is enough when it is a strong one.
 */
export const logitOf = (sum: number, known: number): number => (known === 0 ? 0 : sum / Math.sqrt(known))

export const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit))
