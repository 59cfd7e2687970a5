import { complaintOf } from './complaint.ts'
import type { ExitCode } from './exit.ts'
import { openOutput } from './output.ts'
import { harmless } from '@lovage/core/harmless'

/** Says what went wrong on stderr, for a person or as JSON, and gives the exit code. */
export function complain(error: unknown, json: boolean): ExitCode {
  const { code, message, help, details, stack, exit } = complaintOf(error)
  if (json) {
    process.stderr.write(`${JSON.stringify({ error: { code, message, help, details } })}\n`)
    return exit
  }
  const { red, dim, bold } = openOutput(false).errorColours
  const lines = [`${red(bold('error:'))} ${harmless(message)}`]
  if (stack !== undefined) lines.push(dim(harmless(stack).replace(/^/gm, '    ')))
  if (help !== undefined) lines.push(help)
  process.stderr.write(`${lines.join('\n')}\n`)
  return exit
}
