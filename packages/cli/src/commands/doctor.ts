import type { Command } from 'commander'
import { examples, type Runner } from './shared.ts'

export function addDoctorCommand(program: Command, run: Runner): void {
  program
    .command('doctor')
    .summary('look for whatever endangers jobs, and say what to do')
    .description(
      'Looks at the server: can it be reached, is it new enough, does it evict keys, does it write to disk, has it ' +
        'room, is it near, do the clocks agree; and at the queue: does anybody work. Says what to do about each.',
    )
    .addHelpText('after', examples('doctor', 'doctor --redis rediss://:secret@redis.example.org:6380'))
    .action(run(async () => (await import('../run/doctor.ts')).doctor))
}
