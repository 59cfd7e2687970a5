/** The input of a job as it is typed: JSON, `-` for stdin, `@file` for a file. */
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { UsageError } from './complaint.ts'

/** @throws UsageError `INPUT_NOT_JSON` that shows where, `FILE_UNREADABLE` */
export async function readInput(given: string | undefined): Promise<unknown> {
  if (given === undefined) return undefined
  if (given === '-') return await parseJson(await text(process.stdin), 'stdin')
  if (given.startsWith('@')) return await parseJson(await readText(given.slice(1)), given.slice(1))
  return await parseJson(given, 'the input')
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new UsageError('FILE_UNREADABLE', `${path} cannot be read: ${(cause as Error).message}`)
  }
}

async function parseJson(source: string, name: string): Promise<unknown> {
  try {
    return JSON.parse(source) as unknown
  } catch (error) {
    const { message } = error as Error
    const offset = offsetIn(message) ?? (await offsetOf(source)) ?? 0
    const what = message.replace(/ in JSON at position \d+.*|, ".*" is not valid JSON$/s, '')
    const before = source.slice(0, offset).split('\n')
    const line = source.split('\n')[before.length - 1] as string
    const column = (before.at(-1) as string).length + 1
    throw new UsageError(
      'INPUT_NOT_JSON',
      `${name} is no JSON: ${what} at line ${before.length}, column ${column}\n${pointAt(line, column)}`,
      { help: `In a shell, JSON stands in single quotes: '{"texts":["hi"]}'` },
    )
  }
}

/** Node tells the place in most messages, but not in all. */
function offsetIn(message: string): number | undefined {
  const position = /at position (\d+)/.exec(message)?.[1]
  return position === undefined ? undefined : Number(position)
}

async function offsetOf(source: string): Promise<number | undefined> {
  const { parse } = await import('@humanwhocodes/momoa')
  try {
    parse(source, { mode: 'json' })
    return undefined
  } catch (error) {
    return (error as { offset?: number }).offset
  }
}

const AROUND = 30

/** The line, or what of it is near, and a mark below the column. */
function pointAt(line: string, column: number): string {
  const from = Math.max(0, column - 1 - AROUND)
  const shown = line.slice(from, column - 1 + AROUND)
  return `  ${shown}\n  ${' '.repeat(column - 1 - from)}^`
}
