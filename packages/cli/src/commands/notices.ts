import type { Command } from 'commander'
import { examples, gathered, type Runner, wholeNumber } from './shared.ts'

export function addNoticesCommand(program: Command, run: Runner): void {
  program
    .command('notices')
    .summary('what happened to jobs, and what happens now')
    .description(
      'Prints what happened to jobs, oldest first, as far as the history is kept. With --follow it goes on with ' +
        'what happens from now on; add --from or --last to begin earlier.\n\n' +
        'With --json each notice is a JSON document on a line of its own. Each carries a cursor, from which a ' +
        'later --from goes on without hole or repeat.',
    )
    .option('-f, --follow', 'go on with what happens, until you stop it')
    .option('-t, --task <name>', 'only of this task; may be repeated', gathered)
    .option(
      '--type <type>',
      'only of this type: progress, succeeded, failed, retrying, cancelled, …; may be repeated',
      gathered,
    )
    .option('--job <id>', 'only of this job; ends with its last notice')
    .option('--from <cursor>', "begin after this notice; 'start' is the oldest that is kept")
    .option('-n, --last <n>', 'begin with the last n', wholeNumber)
    .addHelpText(
      'after',
      examples(
        'notices --last 20',
        'notices --follow --task score',
        'notices --follow --job 01930f7e-…',
        `notices --follow --type failed --json | jq -r '.task + ": " + .error.message'`,
      ),
    )
    .action(run(async () => (await import('../run/notices.ts')).notices))
}
