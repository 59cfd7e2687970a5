import { Argument, type Command } from 'commander'
import { examples, type Runner, wholeNumber } from './shared.ts'

const WHAT = ['workers', 'pools', 'queues', 'active', 'scheduled', 'stats', 'schedules', 'consumers'] as const

export type What = (typeof WHAT)[number]

export function addInspectCommand(program: Command, run: Runner): void {
  program
    .command('inspect')
    .summary('who works, on what, and how fast')
    .description(
      'Shows the queue at this moment:\n\n' +
        '  workers    who is alive, with slots, memory, and what each can run\n' +
        '  pools      the threads and processes of each worker, with jobs and memory\n' +
        '  queues     how much waits where, for how long, and the slots that serve it\n' +
        '  active     the jobs that run, the longest-running first\n' +
        '  scheduled  the jobs with a later start, and those between two attempts\n' +
        '  stats      how many jobs wait, and for each task how fast and how well it goes\n' +
        '  schedules  what the clock enqueues, and when next\n' +
        '  consumers  the groups that share the notices, and how far behind they are',
    )
    .addArgument(new Argument('<what>', 'what to show').choices(WHAT))
    .option('-n, --limit <n>', 'how many jobs are shown at most', wholeNumber, 100)
    .addHelpText(
      'after',
      examples(
        'inspect workers',
        'inspect queues',
        'inspect active --limit 10',
        `inspect stats --json | jq '.counts.queued'`,
        'inspect consumers',
      ),
    )
    .action(run(async () => (await import('../run/inspect.ts')).inspect))
}
