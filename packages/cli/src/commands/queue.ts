import type { Command } from 'commander'
import { duration, examples, type Runner } from './shared.ts'

export function addQueueCommands(program: Command, run: Runner): void {
  const queue = program
    .command('queue')
    .summary('pause, resume, drain or purge')
    .description('Stops and starts the flow of jobs, waits until all are done, or clears away what waits.')

  for (const verb of ['pause', 'resume'] as const) {
    queue
      .command(verb)
      .summary(verb === 'pause' ? 'start no more jobs' : 'start jobs again')
      .description(
        verb === 'pause'
          ? 'Nothing of the queue, or of a task, is started until it is resumed, by whatever worker. What runs goes ' +
              'on, and jobs may be enqueued.'
          : 'Starts what was paused again. Name it as it was named then.',
      )
      .option('-q, --queue <name>', 'which queue', 'default')
      .option('-t, --task <name>', 'this task instead of a queue')
      .option('--key <key>', 'only its jobs with this key (with --task)')
      .addHelpText(
        'after',
        examples(`queue ${verb}`, `queue ${verb} --queue mail`, `queue ${verb} --task score`),
      )
      .action(run(async () => (await import('../run/pause.ts'))[verb]))
  }

  queue
    .command('paused')
    .summary('show what is paused')
    .description('Shows what is paused.')
    .addHelpText('after', examples('queue paused'))
    .action(run(async () => (await import('../run/pause.ts')).paused))

  queue
    .command('drain')
    .summary('wait until no job is left to run')
    .description(
      'Waits until no job is queued, running, or between two attempts, with a bar. Jobs with a later start are not ' +
        'waited for. It keeps nobody from enqueuing more.',
    )
    .option('--timeout <duration>', 'how long to wait at most', duration, '1h')
    .addHelpText('after', examples('queue drain', 'queue drain --timeout 10m && systemctl stop worker'))
    .action(run(async () => (await import('../run/drain.ts')).drain))

  queue
    .command('purge')
    .summary('cancel every job that waits')
    .description(
      'Cancels every job that has not started or is between two attempts; whoever follows one is told. Running jobs ' +
        'go on. Says how many there are and asks first.',
    )
    .option('-q, --queue <name>', 'only of this queue')
    .option('-t, --task <name>', 'only of this task')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', examples('queue purge', 'queue purge --task score --yes'))
    .action(run(async () => (await import('../run/purge.ts')).purge))
}
