// What the worker runs for each task.
import { type Handlers, type JobContext, sleep, systemClock } from '@lovage/core'
import { Discard } from '@lovage/worker'
import { readAddresses } from 'lovage-example-sentiment/corpus'
import type { SentimentModel } from 'lovage-example-sentiment/model'
import type { tasks } from './tasks.ts'

interface Line {
  text: string
  score: number
}

type Context = Pick<JobContext, 'progress' | 'log' | 'signal'>

const mostLinesShown = 50

/** @param paceMs  Waited after each sentence: our model takes 40 µs for one, and those that people use do not. */
export function createHandlers(model: SentimentModel, paceMs: number): Handlers<typeof tasks> {
  const addresses = readAddresses()

  async function score(title: string, texts: readonly string[], context: Context): Promise<Line[]> {
    const { progress, log, signal } = context
    const lines: Line[] = []
    let [brightest, darkest] = [0.5, 0.5]
    progress({ title, done: 0, total: texts.length })
    log(`Scoring ${texts.length.toLocaleString('en')} texts`)
    for (const text of texts) {
      if (text.includes('[fail]')) {
        log.error('This one asks to fail', { text })
        throw new Discard(`Text ${lines.length + 1} asks to fail: “${text}”`)
      }
      const { score } = model.score(text)
      if (score > brightest) log('The brightest so far', { text, score: (brightest = score) })
      if (score < darkest) log('The darkest so far', { text, score: (darkest = score) })
      lines.push({ text, score })
      await sleep(systemClock, paceMs, signal)
      signal.throwIfAborted()
      progress({ title, done: lines.length, total: texts.length })
    }
    return lines
  }

  return {
    async scoreAddress({ address: place }, context) {
      const address = addresses[place]
      if (address === undefined) throw new Discard(`There is no address number ${place}.`)
      const { president, year, sentences } = address
      const title = `${president}, ${year}`
      const lines = await score(title, sentences, context)
      return { ...moodOf(title, lines), year, president }
    },

    async scoreTexts({ title, texts }, context) {
      const lines = await score(title, texts, context)
      return { ...moodOf(title, lines), first: lines.slice(0, mostLinesShown) }
    },
  }
}

function moodOf(title: string, lines: readonly Line[]) {
  const byScore = lines.toSorted((a, b) => a.score - b.score)
  return {
    title,
    sentences: lines.length,
    positive: lines.filter(({ score }) => score >= 0.5).length,
    brightest: byScore.at(-1)!,
    darkest: byScore[0]!,
  }
}
