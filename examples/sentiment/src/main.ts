// `npm run demo`: two centuries of speeches, scored as jobs, before your eyes.
import { parseArgs } from 'node:util'
import { isLovageError } from '@lovage/core'
import pc from 'picocolors'
import { batchesOf } from './batches.ts'
import { readAddresses } from './corpus.ts'
import { grouped, percent, took } from './figures.ts'
import { openPlayers, type Players } from './players.ts'
import { chart, quotation, table } from './report.ts'
import { openScreen, type Screen } from './screen.ts'
import { workerLogPath } from './settings.ts'
import { type Jobs, retrain, type Scored, scoreAll } from './story.ts'

const startedAt = performance.now()

const usage = `Usage: npm run demo [-- --redis [url]]

  --redis       with a private Redis, started for this run
  --redis url   on the Redis at this address; REDIS_URL=url does the same
  --help        this text
`

/** As shells count an end by Ctrl-C. */
const interruptedCode = 130

async function main(): Promise<number> {
  const options = readOptions()
  if (typeof options === 'string') {
    console.error(options)
    return 1
  }
  if (options.help) {
    console.log(usage)
    return 0
  }
  const screen = openScreen()
  const end = new AbortController()
  // Once: a second Ctrl-C does not wait for us.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end.abort(stopped))
  let players: Players | undefined
  try {
    screen.say(`\n  ${pc.bold('Lovage')} · two centuries of mood`)
    screen.say('  Every sentence of the State of the Union addresses, scored as jobs, live.\n')
    players = await openPlayers(options.redis ?? process.env['REDIS_URL'], (player, place) => {
      screen.say(`  ${pc.dim(player.padEnd(9))} ${place}`)
    })
    players.failed.catch((error: unknown) => end.abort(error))
    await tell(players.jobs, screen, end.signal)
    return 0
  } catch (error) {
    screen.say(error === stopped ? '\n  Stopped.\n' : `\n  ${pc.red('✗')} ${sentenceOf(error)}\n`)
    return error === stopped ? interruptedCode : 1
  } finally {
    screen.close()
    await players?.close()
  }
}

/** The options, or what is wrong with them. */
function readOptions(): { redis?: string; help?: boolean } | string {
  try {
    return parseArgs({ options: { redis: { type: 'string' }, help: { type: 'boolean' } } }).values
  } catch (error) {
    return `${sentenceOf(error)}\n\n${usage}`
  }
}

async function tell(jobs: Jobs, screen: Screen, signal: AbortSignal): Promise<void> {
  screen.say(`\n  ${pc.bold('1  Retrain the model')}, as one job\n`)
  const { vocabulary, heldOut } = await retrain(jobs, screen, signal)
  screen.say(`
    ${grouped(vocabulary)} words and pairs of words have a weight. On ${grouped(heldOut.sentences)} sentences of addresses
    that were held out it is right ${percent(heldOut.accuracy)} of the time (a guess: 50 %), and ${percent(heldOut.accuracyFromContext)}
    when all words of the lexicon are hidden from it.`)

  const batches = batchesOf(readAddresses())
  screen.say(
    `\n  ${pc.bold('2  Score every sentence')}, as ${batches.length} jobs ${pc.dim('· at the end of each: how many are positive')}\n`,
  )
  const scored = await scoreAll(jobs, batches, screen, signal)

  screen.say(`\n  ${pc.bold('3  Two centuries of mood')}\n`)
  const decades = scored.mood.decades()
  screen.say(`${table(decades)}\n\n  ${pc.dim('Share of positive sentences by decade')}\n${chart(decades)}\n`)
  screen.say(
    `${quotation('Brightest', scored.mood.brightest)}\n${quotation('Darkest', scored.mood.darkest)}\n`,
  )
  screen.say(await oneMore(jobs))
  screen.say(figures(scored))
}

/** The two texts of every beginner, as the last job: enqueued, awaited, printed. */
async function oneMore(jobs: Jobs): Promise<string> {
  const texts = ['great product', 'awful service']
  const job = await jobs.batchScore.enqueue({ texts })
  const scores = await job.result({ timeout: '10s' })
  return texts
    .map(
      (text, at) =>
        `  ${pc.dim(`“${text}”`.padEnd(17))} ${scores[at]!.score.toFixed(4)} ${scores[at]!.label}`,
    )
    .join('\n')
}

function figures({ ticketsMs, firstNoticeMs, totalMs, sentences, notices, missed, jobs }: Scored): string {
  const median = ticketsMs[ticketsMs.length >> 1] ?? 0
  const rows: [string, string][] = [
    [
      'enqueue',
      `${took(median)} until a job's ticket is there (median; slowest ${took(ticketsMs.at(-1) ?? 0)})`,
    ],
    ['first notice', `${took(firstNoticeMs)} after the first ticket`],
    [
      'scoring',
      `${took(totalMs)} for ${jobs} jobs, ${grouped(Math.round(sentences / (totalMs / 1000)))} sentences a second`,
    ],
    ['notices', `${grouped(notices)} over the websocket, ${missed} missed`],
    ['whole run', took(performance.now() - startedAt)],
  ]
  return `\n${rows.map(([name, value]) => `  ${pc.dim(name.padEnd(14))} ${value}`).join('\n')}\n`
}

/** Why a run ends that nobody wants to see to its end. */
const stopped = Symbol('stopped by the user')

function sentenceOf(error: unknown): string {
  if (isLovageError(error))
    return `${error.message}${isLovageError(error, 'JOB_FAILED') ? `\n    The worker's log: ${workerLogPath}` : ''}`
  return error instanceof Error ? error.message : String(error)
}

// Whoever reads only the beginning (`| head`) has seen what he wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

process.exitCode = await main()
