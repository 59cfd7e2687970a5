// Logistic regression by stochastic gradient descent (AdaGrad), one pass over the examples at a time.
import type { Examples, Vocabulary } from './dataset.ts'
import { logitOf, sigmoid } from './model.ts'

/** How far the first step on a feature goes; AdaGrad shortens each later one by itself. */
const stepSize = 1
/** Pulls the weight of every feature that is visited a little towards zero. */
const decay = 1e-3
/** What AdaGrad takes as seen before the first visit: keeps the step on a rare feature from overshooting. */
const firstSquare = 0.1
/**
 * Every second visit, on average, hides the words that made the label. Otherwise the model would only copy
 * the lexicon; so it has to find out what else is in a cheerful or a gloomy sentence.
 */
const hiddenShare = 0.5

export class Regression {
  readonly weights: Float64Array
  readonly #squares: Float64Array
  readonly #inLexicon: Uint8Array
  readonly #random: () => number

  constructor(vocabulary: Vocabulary, random: () => number) {
    this.weights = new Float64Array(vocabulary.size)
    this.#squares = new Float64Array(vocabulary.size).fill(firstSquare)
    this.#inLexicon = vocabulary.inLexicon
    this.#random = random
  }

  /** Learn from one row. `importance` evens out classes of different size. */
  learn(examples: Examples, row: number, importance: number): void {
    const hidden = this.#random() < hiddenShare
    const { sum, known } = this.#visible(examples, row, hidden)
    const error = (sigmoid(logitOf(sum, known)) - examples.labels[row]!) * importance
    const gradient = error / Math.sqrt(Math.max(1, known))
    for (let at = examples.starts[row]!; at < examples.starts[row + 1]!; at++) {
      const id = examples.ids[at]!
      if (hidden && this.#inLexicon[id] === 1) continue
      const slope = gradient + decay * this.weights[id]!
      this.#squares[id]! += slope * slope
      this.weights[id]! -= (stepSize * slope) / Math.sqrt(this.#squares[id]!)
    }
  }

  /**
   * Mean of the shares of negative and of positive rows that are predicted, 0 to 1: guessing reaches 0.5,
   * however uneven the classes are. With `hidden`, from the words outside the lexicon alone.
   */
  accuracy(examples: Examples, { hidden }: { hidden: boolean }): number {
    const right = [0, 0]
    const all = [0, 0]
    for (const [row, label] of examples.labels.entries()) {
      const { sum, known } = this.#visible(examples, row, hidden)
      all[label]!++
      if (Number(logitOf(sum, known) >= 0) === label) right[label]!++
    }
    return (right[0]! / Math.max(1, all[0]!) + right[1]! / Math.max(1, all[1]!)) / 2
  }

  #visible(examples: Examples, row: number, hidden: boolean): { sum: number; known: number } {
    let sum = 0
    let known = 0
    for (let at = examples.starts[row]!; at < examples.starts[row + 1]!; at++) {
      const id = examples.ids[at]!
      if (hidden && this.#inLexicon[id] === 1) continue
      sum += this.weights[id]!
      known++
    }
    return { sum, known }
  }
}
