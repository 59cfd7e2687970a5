/**
 * What a measurement is made of. A question has measures, a measure has contestants, and each of them plays some rounds,
 * in turn with the others. A round answers every figure of its measure.
 */
import type { Stage } from './stage.ts'

export interface Figure {
  /** What its row is called. */
  what: string
  unit: string
  /** Which of two figures wins. */
  better: 'more' | 'less'
}

/** One contestant, once. */
type Round = (stage: Stage) => Promise<Readonly<Record<string, number>>>

export interface Measure {
  figures: Readonly<Record<string, Figure>>
  /** In the order of the columns: a round, or in one clause why there is none. */
  contestants: Readonly<Record<string, Round | string>>
  /** Default 3; one when in a hurry. */
  rounds?: number
  /** How long one round may take. Default 60 s. */
  limitMs?: number
  /** More arguments for its Redis. */
  redis?: readonly string[]
  /** Left out when in a hurry, unless it is named. */
  isSlow?: boolean
  /** The contestants wait more than they compute: they play side by side, each on a Redis of its own. */
  together?: boolean
  /** Of its rounds that half counts in which the machine's host took least. */
  isQuieterHalf?: boolean
}

export interface Question {
  name: string
  /** One sentence; above its table. */
  asks: string
  measures: readonly Measure[]
}

/** The measures with a figure that somebody wants: whose name begins so, or whose question's does. */
export function wanted(questions: readonly Question[], prefixes: readonly string[]): Question[] {
  const matches = (name: string): boolean =>
    prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix))
  return questions.flatMap((question) => {
    const measures = question.measures.filter(
      ({ figures }) => matches(question.name) || Object.keys(figures).some(matches),
    )
    return measures.length > 0 ? [{ ...question, measures }] : []
  })
}

/** The figures of a measure that are wanted: the same rule. */
export const wantedFigures = (question: Question, measure: Measure, prefixes: readonly string[]): string[] =>
  Object.keys(measure.figures).filter(
    (name) =>
      prefixes.length === 0 ||
      prefixes.some((prefix) => name.startsWith(prefix) || question.name.startsWith(prefix)),
  )
