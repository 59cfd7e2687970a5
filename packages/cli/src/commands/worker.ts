import { type Command, Option } from 'commander'
import { duration, examples, names, type Runner, wholeNumber } from './shared.ts'

export function addWorkerCommand(program: Command, run: Runner): void {
  program
    .command('worker')
    .summary('run the jobs of the tasks that a module has handlers for')
    .description(
      'Runs a worker. The module may call createWorker() itself, run it or not, or export what createWorker() ' +
        'takes. TypeScript is loaded as it is. What is typed here goes before what the module says.\n\n' +
        'SIGTERM and Ctrl-C let running jobs end; a second one hands them back at once.',
    )
    .argument('<module>', 'the file: ./worker.ts, ./dist/worker.js')
    .option('-c, --concurrency <n>', 'how many jobs run at the same time', wholeNumber)
    .option('-Q, --queues <names>', 'serve these queues alone: mail,reports', names)
    .addOption(
      new Option('-l, --log-level <level>', 'what is logged').choices([
        'trace',
        'debug',
        'info',
        'warn',
        'error',
        'fatal',
        'silent',
      ]),
    )
    .option('--drain-timeout <duration>', 'how long running jobs may go on once it stops', duration)
    .option('--name <name>', 'what inspections and logs call this worker')
    .option(
      '--watch',
      'for development: start anew when a file changes that the module loads. Running jobs get two seconds, ' +
        'then they go back to the line and start again with the new code',
    )
    .addHelpText(
      'after',
      examples(
        'worker ./worker.ts',
        'worker ./worker.ts --watch --log-level debug',
        'worker ./dist/worker.js --concurrency 20 --queues mail,reports',
      ),
    )
    .action(run(async () => (await import('../run/worker.ts')).worker))
}
