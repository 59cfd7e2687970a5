import { expect, test } from 'vitest'
import { shareOf } from './shares.ts'

test('a limit of a queue is dealt out to the last place; those of tasks and keys are whole everywhere', () => {
  const rules = [
    { of: 'queue', name: 'q', limit: { concurrency: 8, rate: { limit: 10, perMs: 500 } } },
    { of: 'task', name: 't', limit: { concurrency: 1 } },
    { of: 'key', name: 't', limit: null },
    { of: 'queue', name: 'other', limit: null },
  ] as const
  const shares = [0, 1, 2].map((index) => shareOf(rules, index, 3))
  expect(shares.map(([queue]) => queue!.limit)).toEqual([
    { concurrency: 3, rate: { limit: 4, perMs: 500 } },
    { concurrency: 3, rate: { limit: 3, perMs: 500 } },
    { concurrency: 2, rate: { limit: 3, perMs: 500 } },
  ])
  for (const [, ...rest] of shares) expect(rest).toEqual(rules.slice(1))
})

test.for([
  ['concurrency', { concurrency: 2 }],
  ['rateLimit.limit', { rate: { limit: 2, perMs: 1_000 } }],
] as const)('a limit of a queue that cannot be dealt out is refused: %s', ([option, limit]) => {
  expect(() => shareOf([{ of: 'queue', name: 'mail', limit }], 0, 3)).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID', details: expect.objectContaining({ option }) }),
  )
})
