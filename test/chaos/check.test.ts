// The checker checked: a history in which all is well, and for each rule the ways in which it can be broken.
import { describe, expect, test } from 'vitest'
import { broken } from './broken-histories.ts'
import { check, RULES } from './check.ts'
import { good, record, withMore } from './good-history.ts'
import { setBack, tooMuchLost } from './set-back.ts'
import { onePartitionBroken, twoPartitions } from './two-partitions.ts'

test('a history in which all is well is found to be well', () => {
  expect(check(good().entries)).toEqual([])
})

test('a job that was claimed ahead and went back before it began may be told as started, and then be queued', () => {
  const looked = { id: 'one', after: 'started', attempt: 1, state: 'queued', seen: 0 } as const
  expect(check(withMore((so) => so.add('looked', looked))).map(({ rule }) => rule)).toEqual(['looks'])
  const again = { ...record(1, 'started'), time: 999 } // and once more at 1,001, when it began
  const history = withMore((so) => so.add('looked', looked)).map((entry) =>
    entry.fact === 'record' && entry.seq === 1 ? { ...entry, ...again } : entry,
  )
  expect(check(history).map(({ rule }) => rule)).not.toContain('looks')
})

test('a history whose store is set back, and nothing is lost but what may be, is found to be well', () => {
  expect(check(setBack().entries)).toEqual([])
})

test('a history over two partitions is found to be well', () => {
  const known = check(twoPartitions().entries).filter(({ rule }) => rule in onePartitionBroken)
  expect(known).toEqual([])
})

describe.each(Object.entries(onePartitionBroken))(
  'over partitions the rule of %s sees that',
  (rule, histories) => {
    test.each(histories)('%s', (_, history) => {
      expect(check(history).map((violation) => violation.rule)).toContain(rule)
    })
  },
)

describe.each(Object.entries(broken))('the rule of %s sees that', (rule, histories) => {
  test.each(histories)('%s', (_, history) => {
    expect(check(history).map((violation) => violation.rule)).toContain(rule)
  })
})

describe.each(Object.entries(tooMuchLost))(
  'where the store is set back the rule of %s sees that',
  (rule, histories) => {
    test.each(histories)('%s', (_, history) => {
      expect(check(history).map((violation) => violation.rule)).toContain(rule)
    })
  },
)

test('every rule has a history that breaks it', () => {
  expect(Object.keys(broken).sort()).toEqual(Object.keys(RULES).sort())
})
