/** Parses what was typed, runs it, and turns what went wrong into words and an exit code. */
import { CommanderError } from 'commander'
import { EXIT, type ExitCode } from './exit.ts'
import { createProgram } from './program.ts'

/** @param typed The words after the program's name. */
export async function main(typed: readonly string[]): Promise<ExitCode> {
  // `lovage notices | head -1`: whoever read has gone, and there is nothing left to do.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.broken)
  })
  const json = typed.includes('--json')
  let code: ExitCode = EXIT.ok
  const program = createProgram({ json, onEnd: (ended) => (code = ended) })
  try {
    await program.parseAsync(typed, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return usage(error, json)
    const { complain } = await import('./complain.ts')
    return complain(error, json)
  }
}

/** commander has said it already. Asking for help is no mistake. */
function usage(error: CommanderError, json: boolean): ExitCode {
  if (error.exitCode === 0) return EXIT.ok
  if (json) {
    const message = error.message.replace(/^error: /, '')
    process.stderr.write(`${JSON.stringify({ error: { code: 'USAGE', message } })}\n`)
  }
  return EXIT.usage
}
