import { expect, test } from 'vitest'
import { lineOf, type Taken } from './figures.ts'

const taken = (better: Taken['better'], rounds: Taken['rounds']): Taken => {
  return { figure: 'f', question: 'q', what: 'w', unit: 'u', better, rounds, missing: {}, date: '2026-11-28' }
}

test('of rates the highest peer is the best, and twice its rate is a ratio of two', () => {
  const rounds = { lovage: [300, 100, 200], bullmq: [50], groupmq: [100], floor: [400] }
  expect(lineOf(taken('more', rounds))).toEqual({
    figure: 'f',
    lovage: 200,
    bullmq: 50,
    best_peer: 100,
    best_peer_name: 'groupmq',
    floor: 400,
    unit: 'u',
    ratio_best: 2,
    ratio_floor: 0.5,
  })
})

test('of costs the lowest peer is the best, and half its cost is a ratio of two', () => {
  const line = lineOf(taken('less', { lovage: [1], bullmq: [4], 'bee-queue': [2], floor: [0.5] }))
  expect(line).toMatchObject({ best_peer: 2, best_peer_name: 'bee-queue', ratio_best: 2, ratio_floor: 0.5 })
})

test('what nobody measured is null, and so is every ratio to it', () => {
  expect(lineOf(taken('less', { lovage: [1] }))).toMatchObject({
    bullmq: null,
    best_peer: null,
    best_peer_name: null,
    floor: null,
    ratio_best: null,
    ratio_floor: null,
  })
})

test('a peer that costs nothing has won by more than a number can say: the ratio is nought', () => {
  expect(lineOf(taken('less', { lovage: [0.4], bullmq: [0] }))).toMatchObject({ best_peer: 0, ratio_best: 0 })
})
