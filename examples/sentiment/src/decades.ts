// Adds scores up: one row per decade, and the sentences that stand out.
import type { Batch } from './batches.ts'
import { decadeOf } from './corpus.ts'
import type { Score } from './model.ts'

export interface Decade {
  readonly decade: number
  readonly addresses: number
  readonly sentences: number
  /** 0 to 1. */
  readonly meanScore: number
  /** Share of sentences that are positive, 0 to 1. */
  readonly positiveShare: number
}

export interface Quote {
  readonly year: number
  readonly president: string
  readonly text: string
  readonly score: number
}

/** A sentence that fits one line and is more than an exclamation. */
const quotable = { least: 45, most: 74 }

interface Sums {
  addresses: number
  sentences: number
  scores: number
  positive: number
}

/** Collects the scores of batches in whatever order they end. */
export class Mood {
  readonly #decades = new Map<number, Sums>()
  #brightest: Quote | undefined
  #darkest: Quote | undefined

  /** @throws Error when the batch was not scored sentence by sentence. */
  add(batch: Batch, scores: readonly Score[]): void {
    if (scores.length !== batch.texts.length) {
      throw new Error(
        `${batch.president}: ${batch.texts.length} sentences sent, ${scores.length} scores returned.`,
      )
    }
    let at = 0
    for (const { year, president, sentences } of batch.addresses) {
      const sums = this.#sums(decadeOf(year))
      sums.addresses++
      for (const text of sentences) {
        const { score, label } = scores[at++]!
        sums.sentences++
        sums.scores += score
        if (label === 'positive') sums.positive++
        this.#quote({ year, president, text, score })
      }
    }
  }

  /** In the order of time; decades without an address are left out. */
  decades(): Decade[] {
    return [...this.#decades]
      .sort(([a], [b]) => a - b)
      .map(([decade, { addresses, sentences, scores, positive }]) => {
        return {
          decade,
          addresses,
          sentences,
          meanScore: scores / sentences,
          positiveShare: positive / sentences,
        }
      })
  }

  get brightest(): Quote | undefined {
    return this.#brightest
  }

  get darkest(): Quote | undefined {
    return this.#darkest
  }

  #sums(decade: number): Sums {
    const sums = this.#decades.get(decade) ?? { addresses: 0, sentences: 0, scores: 0, positive: 0 }
    this.#decades.set(decade, sums)
    return sums
  }

  #quote(quote: Quote): void {
    if (quote.text.length < quotable.least || quote.text.length > quotable.most) return
    if (
      this.#brightest === undefined ||
      quote.score > this.#brightest.score ||
      isBetter(quote, this.#brightest)
    )
      this.#brightest = quote
    if (this.#darkest === undefined || quote.score < this.#darkest.score || isBetter(quote, this.#darkest))
      this.#darkest = quote
  }
}

/**
 * Of two sentences with one score the shorter, then the older: batches end in any order, the choice must
 * not.
 */
function isBetter(one: Quote, other: Quote): boolean {
  if (one.score !== other.score) return false
  return (
    one.text.length < other.text.length || (one.text.length === other.text.length && one.year < other.year)
  )
}

/** All decades as one row. */
export function together(decades: readonly Decade[]): Omit<Decade, 'decade'> {
  const sum = (of: (decade: Decade) => number): number =>
    decades.reduce((total, decade) => total + of(decade), 0)
  const sentences = sum((d) => d.sentences)
  return {
    addresses: sum((d) => d.addresses),
    sentences,
    meanScore: sum((d) => d.meanScore * d.sentences) / sentences,
    positiveShare: sum((d) => d.positiveShare * d.sentences) / sentences,
  }
}
