/** What the declarations of commands have in common. They are read for every `--help`, so they load next to nothing. */
import { type Command, InvalidArgumentError } from 'commander'
import type { Context, SharedOptions } from '../context.ts'
import type { ExitCode } from '../exit.ts'

/** What a command does, once its code is loaded. Without an exit code all went well. */
type Act<Args extends unknown[], Options> = (
  context: Context,
  options: Options,
  ...args: Args
) => Promise<ExitCode | void>

/** Runs a command's act and keeps its exit code. */
export type Runner = <Args extends unknown[], Options extends object>(
  load: () => Promise<Act<Args, Options>>,
) => (this: Command, ...typed: unknown[]) => Promise<void>

export type { SharedOptions }

export function wholeNumber(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1) return value
  throw new InvalidArgumentError('A whole number from 1 is expected.')
}

/** Checked here, so that a mistake is told before anything is connected. */
export function duration(text: string): string {
  if (/^\d+(\.\d+)?(ms|s|m|h|d|w)$/.test(text)) return text
  throw new InvalidArgumentError("A number with a unit is expected: '500ms', '10s', '5m', '1h', '7d'.")
}

/** `mail,reports` */
export const names = (text: string): string[] => text.split(',').map((name) => name.trim())

export const gathered = (text: string, before: string[] = []): string[] => [...before, text]

/** Examples below a command's help. */
export const examples = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ lovage ${line}`).join('\n')}\n`
