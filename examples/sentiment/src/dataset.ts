// Turns labelled texts into numbers: a vocabulary, and for each text the ids of the features that it has.
import { labelOf, leastValence } from './labels.ts'
import type { Lexicon } from './lexicon.ts'
import { featuresOf, tokensOf } from './tokens.ts'

/** Rows of a sparse 0/1 matrix: row i has the features ids[starts[i]] up to ids[starts[i + 1]]. */
export interface Examples {
  readonly ids: Int32Array
  readonly starts: Int32Array
  /** 1 is positive, 0 negative. One per row. */
  readonly labels: Uint8Array
}

/**
 * A feature must be seen in this many texts to earn a weight. With fewer (5 and 8 were tried) the model
 * learns names and slips of the scan by heart, and is right about one in a hundred held-out sentences less.
 */
const leastTexts = { word: 12, pair: 18 }

export class Vocabulary {
  readonly idOf: ReadonlyMap<string, number>
  /** By id: 1 when the feature contains a word that the labels were made from. */
  readonly inLexicon: Uint8Array

  constructor(idOf: ReadonlyMap<string, number>, lexicon: Lexicon) {
    this.idOf = idOf
    this.inLexicon = new Uint8Array(idOf.size)
    const votes = (word: string): boolean => Math.abs(lexicon.get(word) ?? 0) >= leastValence
    for (const [feature, id] of idOf) {
      if (feature.replace('!', '').split(' ').some(votes)) this.inLexicon[id] = 1
    }
  }

  get size(): number {
    return this.idOf.size
  }
}

/** One clear sentence: its label and its features by name, before a vocabulary exists. */
export interface Labelled {
  readonly label: 0 | 1
  readonly features: ReadonlySet<string>
}

/** The text as an example, or undefined when the lexicon has no clear opinion of it. */
export function labelled(text: string, lexicon: Lexicon): Labelled | undefined {
  const tokens = tokensOf(text)
  const label = labelOf(tokens, lexicon)
  return label === 'unclear'
    ? undefined
    : { label: label === 'positive' ? 1 : 0, features: featuresOf(tokens) }
}

/**
 * Every rated word by itself, plain and negated. Many never occur in two centuries of addresses ("awesome",
 * "crap"), yet the model must know them.
 */
export function lexiconExamples(lexicon: Lexicon): Labelled[] {
  return [...lexicon]
    .filter(([, valence]) => Math.abs(valence) >= leastValence)
    .flatMap(([phrase, valence]) => {
      const tokens = tokensOf(phrase)
      const negated = tokens.map((token) => ({ ...token, negated: true }))
      return [
        { label: valence > 0 ? 1 : 0, features: featuresOf(tokens) },
        { label: valence > 0 ? 0 : 1, features: featuresOf(negated) },
      ] as const
    })
}

/**
 * Counts in how many texts a feature occurs. Half a second of work for the whole corpus, so it is done text
 * by text.
 */
export class FeatureCounts {
  readonly #counts = new Map<string, number>()

  add({ features }: Labelled): void {
    for (const feature of features) this.#counts.set(feature, (this.#counts.get(feature) ?? 0) + 1)
  }

  /** The features that occur often enough, and those of `always` in any case. */
  vocabulary(always: Iterable<Labelled>, lexicon: Lexicon): Vocabulary {
    const ids = new Map<string, number>()
    for (const { features } of always)
      for (const feature of features) if (!ids.has(feature)) ids.set(feature, ids.size)
    for (const [feature, count] of this.#counts) {
      const least = feature.includes(' ') ? leastTexts.pair : leastTexts.word
      if (count >= least && !ids.has(feature)) ids.set(feature, ids.size)
    }
    return new Vocabulary(ids, lexicon)
  }
}

/** @param turn  Called between texts, so that the event loop gets its share. */
export async function examplesOf(
  texts: readonly Labelled[],
  vocabulary: Vocabulary,
  turn: () => Promise<void> | undefined,
): Promise<Examples> {
  const ids: number[] = []
  const starts = new Int32Array(texts.length + 1)
  const labels = new Uint8Array(texts.length)
  for (const [row, { label, features }] of texts.entries()) {
    for (const feature of features) {
      const id = vocabulary.idOf.get(feature)
      if (id !== undefined) ids.push(id)
    }
    labels[row] = label
    starts[row + 1] = ids.length
    await turn()
  }
  return { ids: Int32Array.from(ids), starts, labels }
}
