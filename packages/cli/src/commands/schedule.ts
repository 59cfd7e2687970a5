import type { Command } from 'commander'
import { examples, type Runner } from './shared.ts'

export function addScheduleCommands(program: Command, run: Runner): void {
  const schedule = program
    .command('schedule')
    .summary('list schedules, or run one now')
    .description('What is enqueued by the clock.')

  schedule
    .command('list')
    .summary('show them, with when they are due next')
    .description('Shows the schedules, with when they are due next.')
    .addHelpText('after', examples('schedule list', `schedule list --json | jq '.[].name'`))
    .action(run(async () => (await import('../run/schedule.ts')).list))

  schedule
    .command('run')
    .summary('enqueue its job now')
    .description("Enqueues a schedule's job now and prints its id. When it is due next stays as it is.")
    .argument('<name>', "the schedule's name")
    .addHelpText('after', examples('schedule run retrain'))
    .action(run(async () => (await import('../run/schedule.ts')).runNow))
}
