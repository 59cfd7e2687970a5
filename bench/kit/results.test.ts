import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Taken } from './figures.ts'
import { written } from './page.ts'
import type { Question } from './question.ts'
import { merged, readResults, type Results, writeResults } from './results.ts'

const taken = (figure: string, lovage: number): Taken => {
  const rounds = { lovage: [lovage], bullmq: [2] }
  const missing = { groupmq: 'has no notices' }
  return {
    figure,
    question: 'q',
    what: `the ${figure}`,
    unit: 'ms',
    better: 'less',
    rounds,
    missing,
    date: '2026-11-28',
  }
}
const results = (machine: string, ...figures: Taken[]): Results => ({ machine, versions: {}, figures })

test('a figure taken again takes the place of the old one, and the others stay', () => {
  const both = merged(results('m', taken('a', 1), taken('b', 1)), results('m', taken('a', 3)))
  expect(both.figures.map(({ figure, rounds }) => [figure, rounds['lovage']])).toEqual([
    ['b', [1]],
    ['a', [3]],
  ])
})

test('figures of another machine are not kept beside new ones', () => {
  expect(merged(results('old', taken('b', 1)), results('new', taken('a', 1))).figures).toHaveLength(1)
})

test('results are read as they were written, and there are none before', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lovage-bench-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  expect(readResults(folder).figures).toEqual([])
  writeResults(folder, results('m', taken('a', 1), taken('b', 2)))
  expect(readResults(folder)).toEqual(results('m', taken('a', 1), taken('b', 2)))
})

const questions: Question[] = [
  {
    name: 'q',
    asks: 'What?',
    measures: [{ figures: { a: { what: 'the a', unit: 'ms', better: 'less' } }, contestants: {} }],
  },
]

test('the page gets the table of a question, and who has no figure', () => {
  const page = 'before\n<!-- figures q -->\nold\n<!-- end -->\nafter\n'
  expect(written(page, questions, results('m', taken('a', 1)))).toBe(`before
<!-- figures q -->
What?

|  | unit | lovage | bullmq | to the best peer | to the floor |
|---|---|---|---|---|---|
| the a | ms | 1.00 | 2.00 | 2.00 (bullmq) | – |

No figure: groupmq has no notices.
<!-- end -->
after
`)
})

test('a page that leaves a question out, or asks for another, is refused', () => {
  expect(() => written('', questions, results('m'))).toThrow('no place for q')
  expect(() => written('<!-- figures x -->\n<!-- end -->', questions, results('m'))).toThrow(
    'of x, which nobody',
  )
})

test('the page says how dear a write to a socket was, where that is known', () => {
  const of = (...pings: (number | undefined)[]): string | undefined => {
    const figures = pings.map((pingUs, n) => ({ ...taken(`f${n}`, 1), ...(pingUs && { pingUs }) }))
    const asked: Question = {
      ...(questions[0] as Question),
      measures: figures.map(({ figure, what, unit, better }) => ({
        figures: { [figure]: { what, unit, better } },
        contestants: {},
      })),
    }
    const page = written('<!-- figures q -->\n<!-- end -->\n', [asked], results('m', ...figures))
    return /One `PING`.*/.exec(page)?.[0]
  }
  expect(of(undefined)).toBeUndefined()
  expect(of(20, 20)).toBe('One `PING` and its answer took 20 µs.')
  expect(of(20, undefined, 80)).toBe('One `PING` and its answer took 20 to 80 µs.')
})
