/** Where a command's words go: data to stdout, everything else to stderr, coloured where a person looks. */
import pc from 'picocolors'

export type Colours = ReturnType<typeof pc.createColors>

export interface Output {
  /** Whether stdout is to carry JSON alone. */
  readonly json: boolean
  readonly colours: Colours
  /** For what goes to stderr. */
  readonly errorColours: Colours
  /** Columns of the terminal that stdout is; `Infinity` where it is none, and nothing is to be cut. */
  readonly columns: number
  /** A line of data. */
  print(line: string): void
  /** One JSON document on a line. */
  document(value: unknown): void
  /** A line for a person beside the data; silent with `--json`. */
  say(line: string): void
}

export function openOutput(json: boolean): Output {
  return {
    json,
    colours: pc.createColors(isColourful(process.stdout)),
    errorColours: pc.createColors(isColourful(process.stderr)),
    columns: process.stdout.isTTY ? process.stdout.columns : Infinity,
    print: (line) => void process.stdout.write(`${line}\n`),
    document: (value) => void process.stdout.write(`${JSON.stringify(value)}\n`),
    say: (line) => {
      if (!json) process.stderr.write(`${line}\n`)
    },
  }
}

/** Decided for each stream, since they are often different things: `lovage notices | less`. */
function isColourful(stream: NodeJS.WriteStream, env = process.env): boolean {
  if (env['NO_COLOR']) return false
  if (env['FORCE_COLOR'] !== undefined) return env['FORCE_COLOR'] !== '0' && env['FORCE_COLOR'] !== 'false'
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}
