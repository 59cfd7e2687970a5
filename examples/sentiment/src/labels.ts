// Weak labels: the lexicon's opinion of a text. Nobody has rated these sentences by hand; a sentence full
// of words that people rated elsewhere is the next best thing, and only clear cases are used.
import type { Lexicon } from './lexicon.ts'
import type { Token } from './tokens.ts'

/**
 * A word of valence 1 does not vote: 'united' (States), 'grant', 'share', 'interest', 'cut' mean other
 * things here.
 */
export const leastValence = 2

/**
 * A negated word counts for this much of its opposite: "not good" is less bad than "bad" (VADER measured
 * -0.74).
 */
const negationFactor = -0.74

/** Names, not opinions: the first word of each is in the lexicon, and 'supreme' even among its strongest. */
const names = new Set(['great britain', 'great lakes', 'great plains', 'supreme court', 'justice department'])

/** A sentence is clear when its words add up to at least this, for or against: one word more on one side. */
const clearValence = 2

/** Sum of the valences of the words in a text; 0 when none is known. */
function valenceOf(tokens: readonly Token[], lexicon: Lexicon): number {
  let sum = 0
  for (const [at, { word, negated }] of tokens.entries()) {
    const valence = lexicon.get(word) ?? 0
    if (Math.abs(valence) < leastValence || names.has(`${word} ${tokens[at + 1]?.word}`)) continue
    sum += negated ? valence * negationFactor : valence
  }
  return sum
}

export function labelOf(tokens: readonly Token[], lexicon: Lexicon): 'positive' | 'negative' | 'unclear' {
  const valence = valenceOf(tokens, lexicon)
  if (Math.abs(valence) < clearValence) return 'unclear'
  return valence > 0 ? 'positive' : 'negative'
}
