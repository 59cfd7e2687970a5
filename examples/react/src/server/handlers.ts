// What the worker runs for each task.
import { type Handlers, sleep, systemClock } from '@lovage/core'
import { Discard } from '@lovage/worker'
import { readAddresses } from 'lovage-example-sentiment/corpus'
import type { SentimentModel } from 'lovage-example-sentiment/model'
import type { tasks } from './tasks.ts'

interface Line {
  text: string
  score: number
}

interface Reporting {
  title: string
  progress: (report: { title: string; done: number; total: number }) => void
  signal: AbortSignal
}

const mostLinesShown = 50

/** @param paceMs  Waited after each sentence: our model takes 40 µs for one, and those that people use do not. */
export function createHandlers(model: SentimentModel, paceMs: number): Handlers<typeof tasks> {
  const addresses = readAddresses()

  async function score(texts: readonly string[], { title, progress, signal }: Reporting): Promise<Line[]> {
    const lines: Line[] = []
    progress({ title, done: 0, total: texts.length })
    for (const text of texts) {
      if (text.includes('[fail]')) throw new Discard(`Text ${lines.length + 1} asks to fail: “${text}”`)
      lines.push({ text, score: model.score(text).score })
      await sleep(systemClock, paceMs, signal)
      signal.throwIfAborted()
      progress({ title, done: lines.length, total: texts.length })
    }
    return lines
  }

  return {
    async scoreAddress({ address: place }, { progress, signal }) {
      const address = addresses[place]
      if (address === undefined) throw new Discard(`There is no address number ${place}.`)
      const { president, year, sentences } = address
      const title = `${president}, ${year}`
      const lines = await score(sentences, { title, progress, signal })
      return { ...moodOf(title, lines), year, president }
    },

    async scoreTexts({ title, texts }, { progress, signal }) {
      const lines = await score(texts, { title, progress, signal })
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
