// What is on the screen, from top to bottom, in three acts.
import pc from 'picocolors'
import { batchesOf } from './batches.ts'
import { readAddresses } from './corpus.ts'
import { grouped, percent, took } from './figures.ts'
import { chart, quotation, table } from './report.ts'
import type { Screen } from './screen.ts'
import { type Jobs, retrain, type Scored, scoreAll } from './story.ts'

/** @param signal  Ends the show, and the jobs with it. */
export async function show(jobs: Jobs, screen: Screen, signal: AbortSignal): Promise<void> {
  act(screen, '1  Retrain the model', 'as one job')
  const { vocabulary, heldOut } = await retrain(jobs, screen, signal)
  const { sentences, accuracy, accuracyFromContext } = heldOut
  screen.say(`
    ${grouped(vocabulary)} words and pairs of words have a weight. On ${grouped(sentences)} sentences of
    addresses that were held out it is right ${percent(accuracy)} of the time (a guess is
    50 %), and ${percent(accuracyFromContext)} when all words of the lexicon are hidden from it.`)

  const batches = batchesOf(readAddresses())
  act(
    screen,
    '2  Score every sentence',
    `as ${batches.length} jobs. At the end of each: how many are positive`,
  )
  const scored = await scoreAll(jobs, batches, screen, signal)

  act(screen, '3  Two centuries of mood', 'by decade')
  const decades = scored.mood.decades()
  screen.say(table(decades))
  screen.say(`\n  ${pc.dim('Share of positive sentences')}`)
  screen.say(chart(decades))
  screen.say(`\n${quotation('Brightest', scored.mood.brightest)}`)
  screen.say(`${quotation('Darkest', scored.mood.darkest)}\n`)
  for (const line of await oneMore(jobs)) screen.say(line)
  screen.say()
  for (const [name, value] of timings(scored)) screen.say(`  ${pc.dim(name.padEnd(14))} ${value}`)
  screen.say(`  ${pc.dim('whole run'.padEnd(14))} ${took(performance.now())}\n`)
}

function act(screen: Screen, title: string, rest: string): void {
  screen.say(`\n  ${pc.bold(title)}, ${rest}\n`)
}

/** The two texts of every beginner, as the last job: enqueued, awaited, printed. */
async function oneMore(jobs: Jobs): Promise<string[]> {
  const texts = ['great product', 'awful service']
  const job = await jobs.batchScore.enqueue({ texts })
  const scores = await job.result({ timeout: '10s' })
  return scores.map(
    ({ score, label }, at) => `  ${pc.dim(`“${texts[at]}”`.padEnd(17))} ${score.toFixed(4)} ${label}`,
  )
}

function timings({
  ticketsMs,
  firstNoticeMs,
  totalMs,
  sentences,
  notices,
  missed,
  jobs,
}: Scored): [string, string][] {
  const median = ticketsMs[ticketsMs.length >> 1] ?? 0
  const slowest = ticketsMs.at(-1) ?? 0
  const perSecond = Math.round(sentences / (totalMs / 1000))
  return [
    ['enqueue', `${took(median)} until a job's ticket is there (median; slowest ${took(slowest)})`],
    ['first notice', `${took(firstNoticeMs)} after the first ticket`],
    ['scoring', `${took(totalMs)} for ${jobs} jobs, ${grouped(perSecond)} sentences a second`],
    ['notices', `${grouped(notices)} over the websocket, ${missed} missed`],
  ]
}
