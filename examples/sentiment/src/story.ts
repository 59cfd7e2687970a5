// What the demonstration does: retrain, then score every sentence, and watch both live.
//
// It knows neither Redis nor HTTP: `Jobs` is what the client in a browser has, and what the queue beside
// Redis has too.
import type { CallsOf, EnqueueOptions, JobHandle, Notice, Task } from '@lovage/core'
import pc from 'picocolors'
import { type Batch, yearsOf } from './batches.ts'
import { Mood } from './decades.ts'
import { follow } from './follow.ts'
import { bar, grouped, percent } from './figures.ts'
import type { Score } from './model.ts'
import { tinted } from './report.ts'
import type { Screen, Track } from './screen.ts'
import type { tasks } from './tasks.ts'

export type Jobs = CallsOf<typeof tasks, EnqueueOptions>

type BatchTypes = (typeof tasks)['batchScore'] extends Task<infer Types> ? Types : never

/** Has a new model trained, with a bar for each of its two phases. */
export async function retrain(jobs: Pick<Jobs, 'retrain'>, screen: Screen, signal: AbortSignal) {
  const job = await jobs.retrain.enqueue()
  const reading = screen.track('reading the addresses', { plainSteps: 4 })
  let learning: Track | undefined

  /** Not when its last report comes, since of reports in quick succession only the newest is delivered. */
  function startLearning(): Track {
    reading.finish(ticked('reading', 'all addresses'))
    return screen.track('learning', { plainSteps: 4 })
  }

  const stats = await follow(job, {
    screen,
    signal,
    onProgress({ phase, done, total, accuracy }) {
      if (phase === 'reading') return reading.report(done, total)
      learning ??= startLearning()
      learning.report(done, total, accuracy === undefined ? '' : `${percent(accuracy)} right`)
    },
  })
  learning ??= startLearning()
  learning.finish(
    ticked('learning', `from ${grouped(stats.trainedOn)} of ${grouped(stats.sentences)} sentences`),
  )
  return stats
}

export interface Scored {
  readonly mood: Mood
  readonly jobs: number
  readonly sentences: number
  /** Progress, retries and outcomes. */
  readonly notices: number
  /** What the feed says was trimmed before it could be delivered. */
  readonly missed: number
  /** How long each `enqueue` took until the ticket was there, ascending. One per batch. */
  readonly ticketsMs: readonly number[]
  /** From the first ticket to the first notice of any job. */
  readonly firstNoticeMs: number
  /** From the first `enqueue` to the last outcome. */
  readonly totalMs: number
}

/** Enqueues all batches, follows each from the moment that its ticket is there, and adds the scores up. */
export async function scoreAll(
  jobs: Pick<Jobs, 'batchScore'>,
  batches: readonly Batch[],
  screen: Screen,
  signal: AbortSignal,
): Promise<Scored> {
  const startedAt = performance.now()
  const sentences = batches.reduce((sum, { texts }) => sum + texts.length, 0)
  const mood = new Mood()
  const ticketsMs: number[] = []
  const all = overall(screen, sentences)
  let firstTicketAt: number | undefined
  let firstNoticeAt: number | undefined
  let notices = 0
  let missed = 0

  const onNotice = (notice: Notice): void => {
    if (notice.type === 'gap') missed += notice.missed
    if (notice.type === 'gap' || notice.type === 'ready') return
    firstNoticeAt ??= performance.now()
    notices++
  }

  const failure = new AbortController()
  const stop = AbortSignal.any([signal, failure.signal])
  const follows: Promise<void>[] = []

  async function see(batch: Batch, job: JobHandle<BatchTypes>): Promise<void> {
    const track = screen.track(titleOf(batch))
    const onProgress = ({ done, total }: { done: number; total: number }): void => {
      track.report(done, total)
      all.report(job.id, done)
    }
    try {
      const scores = await follow(job, { screen, signal: stop, onProgress, onNotice })
      mood.add(batch, scores)
      all.report(job.id, scores.length)
      track.finish(finishedLine(batch, scores))
    } catch (error) {
      failure.abort(error) // the first failure is the reason of all others
    }
  }

  try {
    for (const batch of batches) {
      const askedAt = performance.now()
      const job = await jobs.batchScore.enqueue({ texts: [...batch.texts] })
      firstTicketAt ??= performance.now()
      ticketsMs.push(performance.now() - askedAt)
      follows.push(see(batch, job))
      if (stop.aborted) break
    }
  } catch (error) {
    failure.abort(error)
  }
  await Promise.all(follows)
  all.end()
  stop.throwIfAborted()
  return {
    mood,
    jobs: batches.length,
    sentences,
    notices,
    missed,
    ticketsMs: ticketsMs.toSorted((a, b) => a - b),
    firstNoticeMs: (firstNoticeAt ?? 0) - (firstTicketAt ?? 0),
    totalMs: performance.now() - startedAt,
  }
}

/** The bar below all others: sentences scored in all batches together. */
function overall(screen: Screen, sentences: number): { report(id: string, done: number): void; end(): void } {
  const startedAt = performance.now()
  const track: Track = screen.track('all addresses', { pinned: true, plainSteps: 4 })
  track.report(0, sentences)
  const doneOf = new Map<string, number>()
  let done = 0
  return {
    report(id, now) {
      done += now - (doneOf.get(id) ?? 0)
      doneOf.set(id, now)
      const perSecond = Math.round(done / ((performance.now() - startedAt) / 1000))
      track.report(done, sentences, `${grouped(done)}, ${grouped(perSecond)}/s`)
    },
    end: () => track.finish(),
  }
}

const titleOf = (batch: Batch): string => `${batch.president.padEnd(22)} ${yearsOf(batch).padStart(9)}`

function finishedLine(batch: Batch, scores: readonly Score[]): string {
  const positive = scores.filter(({ label }) => label === 'positive').length / scores.length
  const drawn = tinted(positive, bar(positive, 22))
  const figures = `${percent(positive)} ${pc.dim(`of ${grouped(scores.length)}`)}`
  return `  ${pc.green('✓')} ${titleOf(batch)}  ${drawn} ${figures}`
}

const ticked = (title: string, text: string): string => `  ${pc.green('✓')} ${title.padEnd(22)} ${text}`
