import { expect, it } from 'vitest'
import { batchesOf, yearsOf } from './batches.ts'
import { decadeOf, readAddresses } from './corpus.ts'
import { readLexicon } from './lexicon.ts'

const addresses = readAddresses()

it('every address from 1790 to 2021 is there, in order', () => {
  const years = addresses.map(({ year }) => year)
  expect(years).toEqual(years.toSorted((a, b) => a - b))
  expect(addresses).toHaveLength(233)
  expect([years[0], years.at(-1)]).toEqual([1790, 2021])
  expect(years.filter((year) => year === 1933)).toHaveLength(0)
  expect(years.filter((year) => year === 1953 || year === 1961)).toHaveLength(4)
})

it('no sentence is empty, padded, or without a letter', () => {
  const sentences = addresses.flatMap((address) => address.sentences)
  expect(sentences).toHaveLength(63_005)
  expect(sentences.filter((sentence) => sentence.trim() !== sentence || !/\p{L}/u.test(sentence))).toEqual([])
})

it('hardly a sentence ends in an abbreviation', () => {
  const ends = addresses
    .flatMap((address) => address.sentences)
    .filter((sentence) => /\b(?:Mr|Mrs|Dr|St|Gen|[A-HJ-Z])\.$/.test(sentence))
  expect(ends.length).toBeLessThan(30)
})

it('the chamber is not quoted', () => {
  expect(
    addresses
      .flatMap((address) => address.sentences)
      .filter((sentence) => /\((?:applause|laughter)/i.test(sentence)),
  ).toEqual([])
})

it('a decade begins with its round year', () => {
  expect([1790, 1799, 1800, 2021].map(decadeOf)).toEqual([1790, 1790, 1800, 2020])
})

it('the lexicon has 1,598 negative and 878 positive entries', () => {
  const valences = [...readLexicon().values()]
  expect([valences.filter((v) => v < 0).length, valences.filter((v) => v > 0).length]).toEqual([1598, 878])
})

it('batches hold every sentence once, in order', () => {
  const batches = batchesOf(addresses)
  expect(batches.flatMap((batch) => batch.texts)).toEqual(addresses.flatMap((address) => address.sentences))
  expect(batches.flatMap((batch) => batch.addresses)).toEqual(addresses)
})

it('a batch is of one president and within its size, unless one address alone is larger', () => {
  for (const { president, addresses: part, texts } of batchesOf(addresses, 500)) {
    expect(new Set(part.map((address) => address.president))).toEqual(new Set([president]))
    expect(texts.length <= 500 || part.length === 1).toBe(true)
  }
})

it('the years of a batch are its first and its last', () => {
  const [washington] = batchesOf(addresses)
  expect(yearsOf(washington!)).toBe('1790–1796')
  expect(yearsOf(batchesOf(addresses, 1)[0]!)).toBe('1790')
})
