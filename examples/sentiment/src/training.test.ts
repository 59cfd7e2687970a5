import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readAddresses } from './corpus.ts'
import { readLexicon } from './lexicon.ts'
import { SentimentModel } from './model.ts'
import { train, type TrainingProgress } from './training.ts'

const lexicon = readLexicon()
const addresses = readAddresses()
const all = await train({ addresses, lexicon })
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sentiment-'))
})
afterAll(() => rm(directory, { recursive: true }))

it('praise is positive and blame is negative', () => {
  const labels = (texts: string[]): string[] => texts.map((text) => all.model.score(text).label)
  expect(labels(['great product', 'I love this', 'awesome', 'peace and prosperity'])).toEqual(
    Array(4).fill('positive'),
  )
  expect(labels(['awful service', 'terrible', 'crap', 'war and misery'])).toEqual(Array(4).fill('negative'))
})

it('a negation turns a word around', () => {
  expect(all.model.score('not good').score).toBeLessThan(0.5)
  expect(all.model.score('not bad at all').score).toBeGreaterThan(0.5)
})

it('a text of which it knows nothing is in the middle', () => {
  expect(all.model.score('').score).toBe(0.5)
  expect(all.model.score('zxq 42').score).toBe(0.5)
})

it('words that the lexicon does not rate have weights of their own', () => {
  expect(lexicon.has('gratitude')).toBe(false)
  expect(lexicon.has('savage')).toBe(false)
  expect(all.model.weights.get('gratitude')).toBeGreaterThan(0)
  expect(all.model.weights.get('savage')).toBeLessThan(0)
})

it('on addresses that it never saw it is right nine times in ten, and beats a guess without the lexicon', () => {
  expect(all.stats.heldOut.accuracy).toBeGreaterThan(0.9)
  expect(all.stats.heldOut.accuracyFromContext).toBeGreaterThan(0.6)
  expect(all.stats.heldOut.sentences).toBeGreaterThan(3000)
})

it('sentences of held-out addresses are not learned from', async () => {
  const nine = Array.from({ length: 9 }, (_, index) => ({
    year: 1900 + index,
    president: 'A',
    party: 'none',
    sentences: ['It is good.'],
  }))
  const tenth = {
    year: 1909,
    president: 'A',
    party: 'none',
    sentences: Array<string>(40).fill('It is evil and blorpish.'),
  }
  const { model, stats } = await train({ addresses: [...nine, tenth], lexicon })
  expect(stats).toMatchObject({ sentences: 49, trainedOn: 9, heldOut: { sentences: 40 } })
  expect(model.weights.has('blorpish')).toBe(false)
})

it('the same seed gives the same model, another seed another', async () => {
  const few = addresses.slice(0, 30)
  const [one, same, other] = await Promise.all(
    [1, 1, 2].map((seed) => train({ addresses: few, lexicon, seed })),
  )
  expect(same).toEqual(one)
  expect(other!.model.weights).not.toEqual(one!.model.weights)
})

it('progress counts the addresses, then the epochs with their accuracy', async () => {
  const seen: TrainingProgress[] = []
  await train({
    addresses: addresses.slice(0, 20),
    lexicon,
    epochs: 3,
    onProgress: (progress) => seen.push(progress),
  })
  expect(seen.slice(0, 20)).toEqual(
    Array.from({ length: 20 }, (_, at) => ({ phase: 'reading', done: at + 1, total: 20 })),
  )
  expect(seen.slice(20)).toEqual(
    [1, 2, 3].map((done) => ({ phase: 'learning', done, total: 3, accuracy: expect.any(Number) })),
  )
})

it('an abort ends the training with its reason, and the event loop gets its turns until then', async () => {
  const abort = new AbortController()
  const training = train({ addresses, lexicon, signal: abort.signal })
  setImmediate(() => abort.abort(new Error('stopped by the test')))
  await expect(training).rejects.toThrow('stopped by the test')
})

it('a saved model scores as before, and no draft is left behind', async () => {
  const path = join(directory, 'model.json')
  await all.model.save(path)
  const loaded = await SentimentModel.load(path)
  const texts = addresses[0]!.sentences
  expect(texts.map((text) => loaded.score(text))).toEqual(texts.map((text) => all.model.score(text)))
  expect(await readdir(directory)).toEqual(['model.json'])
})

it('a file that is no model is refused', async () => {
  const path = join(directory, 'other.json')
  await writeFile(path, '{"version":2,"weights":{}}')
  await expect(SentimentModel.load(path)).rejects.toThrow('version')
})
