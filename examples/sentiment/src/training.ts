// Trains the model: label what is clear, learn from nine addresses of ten, test on the tenth.
import type { Address } from './corpus.ts'
import { examplesOf, FeatureCounts, type Labelled, labelled, lexiconExamples } from './dataset.ts'
import type { Lexicon } from './lexicon.ts'
import { SentimentModel } from './model.ts'
import { seededRandom, shuffle } from './random.ts'
import { Regression } from './regression.ts'
import { takeTurns } from './turns.ts'

/** Every tenth address is kept for the test: whole addresses, since one speech repeats its own phrases. */
const heldOutEvery = 10
/**
 * More passes do not help. This and the constants of regression.ts were chosen on other tenths than the
 * test's.
 */
const defaultEpochs = 6
/** Smaller weights only fill the file: one of them moves a score by about a thousandth. */
const leastWeight = 0.005

export interface Training {
  readonly addresses: readonly Address[]
  readonly lexicon: Lexicon
  readonly epochs?: number
  readonly seed?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: TrainingProgress) => void
}

export interface TrainingProgress {
  /** 'reading' counts addresses, 'learning' counts epochs. */
  readonly phase: 'reading' | 'learning'
  readonly done: number
  readonly total: number
  /** On the held-out sentences, after this epoch. */
  readonly accuracy?: number
}

/**
 * Accuracies, 0 to 1, say how often the model agrees with the lexicon on sentences that it never saw: the
 * mean over the negative and the positive ones, so that a guess reaches 0.5.
 */
export interface TrainingStats {
  readonly sentences: number
  /** Sentences with a clear label that were learned from. */
  readonly trainedOn: number
  readonly vocabulary: number
  readonly heldOut: {
    readonly sentences: number
    readonly accuracy: number
    /** The same with every word of the lexicon hidden: what the model knows that the lexicon does not say. */
    readonly accuracyFromContext: number
  }
}

export async function train(training: Training): Promise<{ model: SentimentModel; stats: TrainingStats }> {
  const { lexicon, epochs = defaultEpochs, seed = 1, onProgress } = training
  const turn = takeTurns(training.signal)
  const { trained, heldOut, counts, sentences } = await read(training, turn)
  const words = lexiconExamples(lexicon)
  const vocabulary = counts.vocabulary(words, lexicon)
  const lessons = await examplesOf([...trained, ...words], vocabulary, turn)
  const test = await examplesOf(heldOut, vocabulary, turn)
  const random = seededRandom(seed)
  const regression = new Regression(vocabulary, random)
  const importance = evenImportance(lessons.labels)
  const order = Int32Array.from(lessons.labels, (_, row) => row)
  for (let epoch = 1; epoch <= epochs; epoch++) {
    shuffle(order, random)
    for (const row of order) {
      regression.learn(lessons, row, importance[lessons.labels[row]!]!)
      await turn()
    }
    const accuracy = regression.accuracy(test, { hidden: false })
    onProgress?.({ phase: 'learning', done: epoch, total: epochs, accuracy })
  }
  const model = modelOf(regression, vocabulary.idOf)
  return {
    model,
    stats: {
      sentences,
      trainedOn: trained.length,
      vocabulary: model.weights.size,
      heldOut: {
        sentences: heldOut.length,
        accuracy: regression.accuracy(test, { hidden: false }),
        accuracyFromContext: regression.accuracy(test, { hidden: true }),
      },
    },
  }
}

interface Lessons {
  readonly trained: Labelled[]
  readonly heldOut: Labelled[]
  /** Of `trained` alone: the test's words must not decide what is learned. */
  readonly counts: FeatureCounts
  readonly sentences: number
}

async function read(
  { addresses, lexicon, onProgress }: Training,
  turn: () => Promise<void> | undefined,
): Promise<Lessons> {
  const trained: Labelled[] = []
  const heldOut: Labelled[] = []
  const counts = new FeatureCounts()
  let sentences = 0
  for (const [index, address] of addresses.entries()) {
    const isHeldOut = index % heldOutEvery === heldOutEvery - 1
    for (const sentence of address.sentences) {
      const example = labelled(sentence, lexicon)
      if (example !== undefined) (isHeldOut ? heldOut : trained).push(example)
      if (example !== undefined && !isHeldOut) counts.add(example)
      await turn()
    }
    sentences += address.sentences.length
    onProgress?.({ phase: 'reading', done: index + 1, total: addresses.length })
  }
  return { trained, heldOut, counts, sentences }
}

/** [negative, positive]: presidents praise more than they blame, and 0.5 shall be the middle all the same. */
function evenImportance(labels: Uint8Array): readonly [number, number] {
  const positives = labels.reduce((sum, label) => sum + label, 0)
  const negatives = labels.length - positives
  return [labels.length / (2 * Math.max(1, negatives)), labels.length / (2 * Math.max(1, positives))]
}

function modelOf(regression: Regression, idOf: ReadonlyMap<string, number>): SentimentModel {
  const weights = new Map<string, number>()
  for (const [feature, id] of idOf) {
    const weight = Math.round(regression.weights[id]! * 1000) / 1000
    if (Math.abs(weight) >= leastWeight) weights.set(feature, weight)
  }
  return new SentimentModel(weights)
}
