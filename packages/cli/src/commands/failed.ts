import type { Command } from 'commander'
import { examples, type Runner, wholeNumber } from './shared.ts'

export function addFailedCommands(program: Command, run: Runner): void {
  const failed = program
    .command('failed')
    .summary('list, retry or discard jobs that failed for good')
    .description('Jobs that failed for good, as long as they are kept for a retry.')

  failed
    .command('list')
    .summary('show them, newest first')
    .description('Shows the failed jobs, newest first.')
    .option('-t, --task <name>', 'only of this task')
    .option('-n, --limit <n>', 'how many at most', wholeNumber, 50)
    .addHelpText('after', examples('failed list', 'failed list --task mail.send --json'))
    .action(run(async () => (await import('../run/failed.ts')).list))

  failed
    .command('retry')
    .summary('put them in line again')
    .description(
      'Makes a new job of each failed one: the same input, attempts from the beginning. Prints the old id and the ' +
        'new one.',
    )
    .argument('[ids...]', 'which ones')
    .option('--all', 'all of them')
    .option('-t, --task <name>', 'all of this task')
    .addHelpText(
      'after',
      examples('failed retry 01930f7e-…', 'failed retry --task mail.send', 'failed retry --all'),
    )
    .action(run(async () => (await import('../run/failed.ts')).retry))

  failed
    .command('discard')
    .summary('forget them')
    .description(
      'Forgets failed jobs: they cannot be retried any more. Their outcomes stay as long as results are kept. Asks ' +
        'first, unless they are named one by one.',
    )
    .argument('[ids...]', 'which ones')
    .option('--all', 'all of them')
    .option('-t, --task <name>', 'all of this task')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', examples('failed discard 01930f7e-…', 'failed discard --task mail.send --yes'))
    .action(run(async () => (await import('../run/failed.ts')).discard))
}
