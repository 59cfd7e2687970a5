// What the model sees of a text: lower-case words, with negation written onto the words that it turns around.

const token = /\p{L}+(?:'\p{L}+)*|[.,;:!?()]/gu

/** How far a negation reaches, in words, unless punctuation ends it sooner ("not a very good idea"). */
const negationReach = 3

export interface Token {
  readonly word: string
  /** True when a "not", "never", "without" … stands close before it. */
  readonly negated: boolean
}

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  let reach = 0
  for (const [piece] of text.toLowerCase().replaceAll('’', "'").matchAll(token)) {
    if (piece.length === 1 && !/\p{L}/u.test(piece)) {
      reach = 0
      continue
    }
    tokens.push({ word: piece, negated: reach > 0 })
    reach = isNegation(piece) ? negationReach : Math.max(0, reach - 1)
  }
  return tokens
}

const negations = new Set(['not', 'no', 'never', 'nor', 'neither', 'without', 'cannot', 'hardly', 'none'])
const isNegation = (word: string): boolean => negations.has(word) || word.endsWith("n't")

/**
 * The distinct features of a text: its words ("good", negated "!good") and its pairs of neighbours ("public
 * debt").
 */
export function featuresOf(tokens: readonly Token[]): Set<string> {
  const features = new Set<string>()
  let before = ''
  for (const { word, negated } of tokens) {
    features.add(negated ? `!${word}` : word)
    if (before !== '') features.add(`${before} ${word}`)
    before = word
  }
  return features
}
