/** The commands about one job. */
import type { Command } from 'commander'
import { duration, examples, gathered, type Runner, wholeNumber } from './shared.ts'

export function addJobCommands(program: Command, run: Runner): void {
  program
    .command('enqueue')
    .summary('put a job in line and print its id')
    .description(
      'Puts a job in line and prints its id.\n\n' +
        'Without --tasks or a lovage.config.ts the name and the input are taken as they are, and the worker ' +
        'checks them. With one of them they are checked here, and nothing wrong is enqueued.',
    )
    .argument('<task>', "the task's name, such as mail.send")
    .argument('[input]', 'the input as JSON; - reads stdin, @file.json a file')
    .option('--delay <duration>', 'earliest start, counted from now: 30s, 5m, 1h', duration)
    .option('--expires-in <duration>', 'end it as expired if nobody has started it within this', duration)
    .option('--queue <name>', 'in this queue, instead of the one that the task says')
    .option('--priority <n>', 'from 1 to 100, higher ones earlier', wholeNumber)
    .option('--tag <tag>', 'to find it by; may be repeated', gathered)
    .option('--idempotency-key <key>', 'enqueued again with this key within a day it makes no new job')
    .option('--attempts <n>', 'attempts in all, instead of what the task says', wholeNumber)
    .option(
      '--time-limit <duration>',
      'how long one attempt may run, instead of what the task says',
      duration,
    )
    .option('--owner <owner>', 'whose job it is')
    .option('--id <id>', 'its id, a UUIDv7: enqueuing it twice makes one job')
    .option('-w, --wait', 'wait for the job to end, show its progress, and print its result')
    .option('--timeout <duration>', 'how long to wait at most (with --wait)', duration, '1h')
    .addHelpText(
      'after',
      examples(
        `enqueue score '{"texts":["great product"]}'`,
        'enqueue score @texts.json --wait',
        `enqueue mail.send '{"to":"ada@example.org"}' --delay 10m --tasks ./tasks.ts`,
        'enqueue score - --json < texts.json',
      ),
    )
    .action(run(async () => (await import('../run/enqueue.ts')).enqueue))

  program
    .command('get')
    .summary('show a job as it is now')
    .description('Shows a job as it is now.')
    .argument('<id>', "the job's id")
    .addHelpText('after', examples('get 01930f7e-…', 'get 01930f7e-… --json | jq .state'))
    .action(run(async () => (await import('../run/get.ts')).get))

  program
    .command('result')
    .summary("print a job's result")
    .description(
      "Prints a job's result as JSON.\n\n" +
        'A job that failed has an error instead, with its stack; one that has not ended yet has nothing, unless ' +
        'you --wait for it.',
    )
    .argument('<id>', "the job's id")
    .option('-w, --wait', 'wait for the job to end, and show its progress')
    .option('--timeout <duration>', 'how long to wait at most', duration, '1h')
    .addHelpText('after', examples('result 01930f7e-…', 'result 01930f7e-… --wait --timeout 5m | jq .score'))
    .action(run(async () => (await import('../run/result.ts')).result))

  program
    .command('cancel')
    .summary('end a job from whatever state it is in')
    .description(
      "Ends a job from whatever state it is in. A running handler's signal is aborted; what it still returns is " +
        'dropped.',
    )
    .argument('<id>', "the job's id")
    .option('--reason <text>', 'why, for whoever follows the job')
    .option('--by <name>', 'who, for whoever follows the job')
    .addHelpText('after', examples('cancel 01930f7e-…', `cancel 01930f7e-… --by ada --reason 'wrong file'`))
    .action(run(async () => (await import('../run/cancel.ts')).cancel))
}
