import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { queueOver } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { createWorker } from '@lovage/worker'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { batchesOf } from './batches.ts'
import { readAddresses } from './corpus.ts'
import { createHandlers } from './handlers.ts'
import type { Screen } from './screen.ts'
import { retrain, scoreAll } from './story.ts'
import { tasks } from './tasks.ts'

/** Writes down what it is told to show. */
function notebook(): { screen: Screen; lines: string[]; reports: Map<string, number[]> } {
  const lines: string[] = []
  const reports = new Map<string, number[]>()
  const screen: Screen = {
    say: (line = '') => void lines.push(line),
    track: (title) => ({
      report: (done, total) => void reports.set(title, [...(reports.get(title) ?? []), done / total]),
      finish: (line) => void (line === undefined || lines.push(line)),
    }),
    close: () => {},
  }
  return { screen, lines, reports }
}

const never = new AbortController().signal

let directory: string
let close: () => Promise<void>

async function open() {
  const store = createMemoryStore()
  const queue = queueOver(tasks, store)
  const handlers = createHandlers(join(directory, 'model.json'))
  const worker = createWorker({ tasks, store, handlers, concurrency: 4, logLevel: 'silent' })
  await worker.start()
  close = async () => {
    await worker.stop({ timeout: 0 })
    await queue.close()
  }
  return queue
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sentiment-'))
})
afterEach(async () => {
  await close()
  await rm(directory, { recursive: true })
})

it('a model is trained as a job, and scores every sentence of twenty addresses as others', async () => {
  const queue = await open()
  const { screen, reports } = notebook()
  const stats = await retrain(queue, screen, never)
  expect(stats.sentences).toBe(63_005)
  for (const shares of reports.values()) {
    expect(shares).toEqual(shares.toSorted((a, b) => a - b))
    expect(shares.at(-1)).toBe(1)
  }

  const batches = batchesOf(readAddresses().slice(0, 20), 200)
  const scored = await scoreAll(queue, batches, screen, never)
  const sentences = batches.reduce((sum, { texts }) => sum + texts.length, 0)
  expect(scored).toMatchObject({ jobs: batches.length, sentences, missed: 0 })
  expect(scored.ticketsMs).toHaveLength(batches.length)
  expect(scored.notices).toBeGreaterThanOrEqual(batches.length)
  expect(scored.mood.decades().map(({ decade, addresses }) => [decade, addresses])).toEqual([
    [1790, 10],
    [1800, 10],
  ])
  expect(scored.mood.decades().reduce((sum, decade) => sum + decade.sentences, 0)).toBe(sentences)
  expect(reports.get('all addresses')?.at(-1)).toBe(1)
})

it('the score of a job is what the model says', async () => {
  const queue = await open()
  await retrain(queue, notebook().screen, never)
  const job = await queue.batchScore.enqueue({ texts: ['great product', 'awful service'] })
  const scores = await job.result({ timeout: '10s' })
  expect(scores.map(({ label }) => label)).toEqual(['positive', 'negative'])
})

it('without a model the story ends with the error of the job, and no job is left', async () => {
  const queue = await open()
  const { screen, lines } = notebook()
  const [batch] = batchesOf(readAddresses().slice(0, 1))
  const impatient = {
    batchScore: {
      ...queue.batchScore,
      enqueue: (input: { texts: string[] }) => queue.batchScore.enqueue(input, { attempts: 1 }),
    },
  }
  await expect(scoreAll(impatient, [batch!, batch!], screen, never)).rejects.toMatchObject({
    code: 'JOB_FAILED',
    message: expect.stringContaining('model.json'),
  })
  expect(lines).toEqual([])
  expect(await queue.counts()).toMatchObject({ queued: 0, running: 0 })
})

it('whoever stops watching ends the jobs, and gets his own reason', async () => {
  const queue = await open()
  const abort = new AbortController()
  const { screen } = notebook()
  const impatient: Screen = {
    ...screen,
    track: (title, options) => {
      const track = screen.track(title, options)
      return { ...track, report: () => abort.abort(new Error('seen enough')) }
    },
  }
  await expect(retrain(queue, impatient, abort.signal)).rejects.toThrow('seen enough')
  expect(await queue.counts()).toMatchObject({ queued: 0, running: 0 })
})
