// `npm run demo`: two centuries of speeches, scored as jobs, before your eyes.
import { parseArgs } from 'node:util'
import { isLovageError } from '@lovage/core'
import pc from 'picocolors'
import { openPlayers, type Players } from './players.ts'
import { openScreen } from './screen.ts'
import { workerLogPath } from './settings.ts'
import { show } from './show.ts'

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
    await show(players.jobs, screen, end.signal)
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

/** Why a run ends that nobody wants to see to its end. */
const stopped = Symbol('stopped by the user')

function sentenceOf(error: unknown): string {
  const hint = isLovageError(error, 'JOB_FAILED') ? `\n    The worker's log: ${workerLogPath}` : ''
  return (error instanceof Error ? error.message : String(error)) + hint
}

// Whoever reads only the beginning (`| head`) has seen what he wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

process.exitCode = await main()
