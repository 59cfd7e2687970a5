/** The command line: what may be typed. What a command does is loaded when it is run. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import pc from 'picocolors'
import { addDoctorCommand } from './commands/doctor.ts'
import { addFailedCommands } from './commands/failed.ts'
import { addInspectCommand } from './commands/inspect.ts'
import { addJobCommands } from './commands/jobs.ts'
import { addNoticesCommand } from './commands/notices.ts'
import { addQueueCommands } from './commands/queue.ts'
import { addScheduleCommands } from './commands/schedule.ts'
import { examples, type Runner, type SharedOptions, wholeNumber } from './commands/shared.ts'
import { addWorkerCommand } from './commands/worker.ts'
import type { ExitCode } from './exit.ts'
import { harmless } from '@lovage/core/harmless'
import { openOutput } from './output.ts'

/**
 * @param options.json Whether the caller tells of mistakes, as JSON.
 * @param options.onEnd Hears the exit code of the command that was run.
 */
export function createProgram({ json, onEnd }: { json: boolean; onEnd: (code: ExitCode) => void }): Command {
  const { bold } = pc.createColors(true) // commander takes it out again where there is no colour
  const program = new Command('lovage')
    .description('Runs workers, enqueues and follows jobs, and looks after a Lovage queue on Redis.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .configureHelp({ showGlobalOptions: true, styleTitle: bold, sortSubcommands: false })
    .exitOverride()
    .showHelpAfterError(json ? false : 'Add --help to be told more.')
    .configureOutput({ outputError: json ? () => {} : (text, write) => write(harmless(text)) })
    .option(
      '--redis <url>',
      'where Redis is: redis://user:password@host:port, several host:port of a cluster, rediss:// for TLS, ' +
        'redis+sentinel://host:port,host:port/name (env: REDIS_URL)',
    )
    .option('--namespace <name>', 'what the names of all keys begin with (default: lovage)')
    .option('--partitions <n>', 'over how many partitions the queue is spread (default: 1)', wholeNumber)
    .option('--tasks <module>', 'the module of the tasks, to check names and inputs against')
    .option('--config <file>', 'the configuration (default: lovage.config.ts in this folder)')
    .option('--json', 'print JSON, for programs')
    .addHelpText(
      'after',
      examples(
        'worker ./worker.ts --watch',
        `enqueue score '{"texts":["great product"]}' --wait`,
        'notices --follow',
        'doctor',
      ),
    )

  const run: Runner = (load) =>
    async function (...typed) {
      // commander passes the arguments, then the command's own options, then the command.
      const args = typed.slice(0, -2) as never
      const options = this.optsWithGlobals<SharedOptions>()
      const act = await load()
      const out = openOutput(options.json ?? false)
      onEnd((await act({ options, out }, options as never, ...args)) ?? 0)
    }

  addWorkerCommand(program, run)
  addJobCommands(program, run)
  addNoticesCommand(program, run)
  addInspectCommand(program, run)
  addFailedCommands(program, run)
  addQueueCommands(program, run)
  addScheduleCommands(program, run)
  addDoctorCommand(program, run)
  return program
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
