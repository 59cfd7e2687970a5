import { closestMatch } from 'leven'

/** The one of the known words that was probably meant. Half a word is not that word any more. */
export const nearest = (word: string, known: readonly string[]): string | undefined =>
  closestMatch(word, known, { maxDistance: Math.max(2, Math.floor(word.length / 3)) })
