import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { written } from './kit/page.ts'
import { wanted, wantedFigures } from './kit/question.ts'
import { readResults } from './kit/results.ts'
import { questions } from './questions.ts'

const names = questions.flatMap(({ measures }) => measures.flatMap(({ figures }) => Object.keys(figures)))

test('every figure that was promised is measured', () => {
  const promised = `enqueue-1 enqueue-100 enqueue-bulk process-c1 process-c10 process-c100 end-to-end latency-idle-p50
    latency-idle-p99 latency-500-p50 latency-500-p99 lateness-p99 bytes-waiting bytes-finished redis-cpu worker-cpu
    idle-commands recovery gateway-by-job-1000 gateway-all-1000 rpc-enqueue-p50 rpc-enqueue`
  expect(names).toEqual(expect.arrayContaining(promised.split(/\s+/)))
})

test('no two figures have the same name', () => {
  expect(names).toEqual([...new Set(names)])
})

test('whoever plays in a measure is us, or the measure compares ways of ours', () => {
  for (const { measures } of questions)
    for (const { contestants } of measures) expect(Object.keys(contestants)).toSatisfy(isSensible)
})

const isSensible = (names: string[]): boolean =>
  names.includes('lovage') ||
  names.every((name) => ['inline', 'thread', 'process', 'whole', 'two on one', 'two on two'].includes(name))

test('a prefix names figures, or all figures of a question', () => {
  const figures = (prefix: string): string[] =>
    wanted(questions, [prefix]).flatMap((question) =>
      question.measures.flatMap((measure) => wantedFigures(question, measure, [prefix])),
    )
  expect(figures('process')).toEqual(['process-c1', 'process-c10', 'process-c100'])
  expect(figures('bytes')).toEqual(['bytes-waiting', 'bytes-finished'])
  expect(figures('due')).toEqual(['due-at-once'])
  expect(figures('nothing-of-the-kind')).toEqual([])
})

test('the page shows what the results say, and has a place for every question', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/benchmarks.md'), 'utf8')
  expect(written(page, questions, readResults(import.meta.dirname))).toBe(page)
})
