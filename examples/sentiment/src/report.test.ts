import { stripVTControlCharacters } from 'node:util'
import { expect, it } from 'vitest'
import { batchesOf } from './batches.ts'
import type { Address } from './corpus.ts'
import { Mood, together } from './decades.ts'
import { bar, grouped, percent, took } from './figures.ts'
import { chart, quotation, table } from './report.ts'

const address = (year: number, sentences: string[]): Address => ({
  year,
  president: `P${year}`,
  party: 'none',
  sentences,
})
const positive = (score: number) => ({ score, label: 'positive' as const })
const negative = (score: number) => ({ score, label: 'negative' as const })

function moodOf(): Mood {
  const long = 'This sentence is neither short nor long, and fits one line.'
  const [first, second] = batchesOf([address(1799, ['a', 'b', long]), address(1801, [long])])
  const mood = new Mood()
  mood.add(second!, [negative(0.2)])
  mood.add(first!, [positive(0.9), negative(0.1), positive(0.8)])
  return mood
}

it('scores add up by decade, whatever the order in which batches end', () => {
  expect(moodOf().decades()).toEqual([
    {
      decade: 1790,
      addresses: 1,
      sentences: 3,
      meanScore: expect.closeTo(0.6),
      positiveShare: expect.closeTo(2 / 3),
    },
    { decade: 1800, addresses: 1, sentences: 1, meanScore: 0.2, positiveShare: 0 },
  ])
})

it('the last row weighs each decade by its sentences', () => {
  expect(together(moodOf().decades())).toEqual({
    addresses: 2,
    sentences: 4,
    meanScore: expect.closeTo(0.5),
    positiveShare: expect.closeTo(0.5),
  })
})

it('quotations are taken only from sentences that fit a line', () => {
  expect(moodOf().brightest).toMatchObject({ year: 1799, score: 0.8 })
  expect(moodOf().darkest).toMatchObject({ year: 1801, score: 0.2 })
  expect(quotation('Brightest', undefined)).toBe('')
})

it('a batch with a missing score is refused', () => {
  const [batch] = batchesOf([address(1799, ['a', 'b'])])
  expect(() => new Mood().add(batch!, [positive(0.9)])).toThrow('2 sentences sent, 1 scores returned')
})

const decades = Array.from({ length: 24 }, (_, at) => {
  return {
    decade: 1790 + at * 10,
    addresses: 10,
    sentences: 5000,
    meanScore: 0.6,
    positiveShare: 0.55 + (at % 5) / 25,
  }
})

it('table and chart of 24 decades fit into 80 columns, and all their control characters are colour', () => {
  for (const text of [table(decades), chart(decades)]) {
    const lines = stripVTControlCharacters(text).split('\n')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(80)
    expect(lines.join('')).not.toMatch(/\p{Cc}/u)
  }
})

it('the table has a row for each decade between its head and the sum', () => {
  const lines = stripVTControlCharacters(table(decades)).split('\n')
  expect(lines.map((line) => line.trim().split(/\s+/)[0])).toEqual([
    'Decade',
    ...decades.map((d) => `${d.decade}s`),
    'All',
  ])
  expect(lines.at(-1)).toContain('120,000')
})

it('the chart is as high as asked, and its highest column reaches higher than its lowest', () => {
  const lines = stripVTControlCharacters(chart(decades, 6)).split('\n')
  expect(lines).toHaveLength(6 + 2)
  const height = (column: number): number =>
    lines.slice(0, 6).filter((line) => line[8 + column * 3] !== ' ').length
  expect(height(4)).toBeGreaterThan(height(0))
})

it('decades that are all alike still make a chart', () => {
  expect(chart(decades.map((decade) => ({ ...decade, positiveShare: 0.6 })))).toContain('65 %')
})

it('a bar is as wide as asked at every share, also beyond its ends', () => {
  for (const share of [-1, 0, 0.01, 0.33, 0.5, 0.999, 1, 2]) expect(bar(share, 20, '░')).toHaveLength(20)
  expect(bar(0.5, 4)).toBe('██  ')
  expect(bar(1, 4)).toBe('████')
  expect(bar(0.0625, 2, '·')).toBe('▏·')
})

it('figures are written for readers', () => {
  expect([grouped(63_005), percent(0.9343), percent(1, 0), took(3.25), took(12.4), took(1534)]).toEqual([
    '63,005',
    '93.4 %',
    '100 %',
    '3.3 ms',
    '12 ms',
    '1.53 s',
  ])
})
