import { expect, test } from 'vitest'
import { type JobView, newJob } from './job.ts'
import { pointsOf, trendOf } from './mood-points.ts'

const line = { text: 'a', score: 0.5 }

function scored(year: number, positive: number, sentences = 10): JobView {
  const title = `Somebody, ${year}`
  const found = { title, sentences, positive, brightest: line, darkest: line, year, president: 'Somebody' }
  return { ...newJob(`${year}`, 'scoreAddress', title), state: 'succeeded', result: found }
}

test('addresses stand in the order of their years, each once, by its newest job', () => {
  const jobs = [scored(1900, 9), newJob('waits', 'scoreAddress'), scored(1800, 5), scored(1900, 1)]
  expect(pointsOf(jobs).map(({ year, positive }) => [year, positive])).toEqual([
    [1800, 0.5],
    [1900, 0.9],
  ])
})

test('the trend weighs sentences, not addresses, and needs three addresses within six years', () => {
  const points = pointsOf([scored(1900, 90, 100), scored(1903, 0), scored(1906, 0), scored(1913, 10)])
  expect(trendOf(points)).toEqual([0.75, 0.75, 0.75, null])
})
