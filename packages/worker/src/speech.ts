/**
 * What one attempt has said and nobody was told yet: lines and text in their order, bounded.
 *
 * Lines in a row are one part, and so is text: a model's words that come within a tenth of a second are one piece.
 * Where more comes than may wait, the oldest goes, since how a thing ended tells most; its count goes with the next
 * part. A part that was handed out stays as it is until it is known to have arrived, so that it can be sent again.
 */
import type { LineFields, LineLevel, LogLine, SaidPart } from '@lovage/core'
import { bounded, failureOf } from './failure.ts'

export const MAX_WAITING_LINES = 100
export const MAX_WAITING_CHARS = 32_768
const MAX_MESSAGE_CHARS = 4_096
const MAX_FIELDS_CHARS = 4_096

type Run = { type: 'log'; first: number; lines: string[] } | { type: 'chunk'; first: number; text: string }

export class Speech {
  #runs: Run[] = []
  #lines = 0
  #chars = 0
  /** The numbers of the next line and character, and those up to which all has been handed out. */
  readonly #next = { log: 1, chunk: 0 }
  readonly #told = { log: 1, chunk: 0 }
  #underWay: SaidPart[] = []
  /** Half of a character, until the other half comes: alone it is no text. */
  #half = ''

  get isTold(): boolean {
    return this.#runs.length === 0 && this.#underWay.length === 0
  }

  log(at: number, level: LineLevel, message: string, fields: LineFields | undefined): void {
    const line = lineOf(at, level, message, fields)
    const last = this.#runs.at(-1)
    if (last?.type === 'log') last.lines.push(line)
    else this.#runs.push({ type: 'log', first: this.#next.log, lines: [line] })
    this.#next.log += 1
    this.#lines += 1
    this.#chars += line.length
    this.#dropOldest()
  }

  chunk(piece: string): void {
    const all = this.#half + piece
    const isHalf = /[\ud800-\udbff]$/.test(all)
    this.#half = isHalf ? all.slice(-1) : ''
    const text = isHalf ? all.slice(0, -1) : all
    if (text === '') return
    const last = this.#runs.at(-1)
    if (last?.type === 'chunk') last.text += text
    else this.#runs.push({ type: 'chunk', first: this.#next.chunk, text })
    this.#next.chunk += text.length
    this.#chars += text.length
    this.#dropOldest()
  }

  /** A part that another speech has handed out, whose numbers go on here. */
  add({ type, first, count, data: { json } }: SaidPart): void {
    const last = this.#runs.at(-1)
    const isNext = last?.type === type && first === this.#next[type]
    if (type === 'chunk') {
      const text = JSON.parse(json) as string
      if (isNext && last.type === 'chunk') last.text += text
      else this.#runs.push({ type, first, text })
      this.#chars += text.length
    } else {
      const lines = (JSON.parse(json) as LogLine[]).map((line) => JSON.stringify(line))
      if (isNext && last.type === 'log') last.lines.push(...lines)
      else this.#runs.push({ type, first, lines })
      this.#lines += lines.length
      for (const line of lines) this.#chars += line.length
    }
    this.#next[type] = first + count
    this.#dropOldest()
  }

  /** What is to be told next: once more what has not arrived, else all that waits. */
  take(): readonly SaidPart[] {
    if (this.#underWay.length === 0) {
      this.#underWay = this.#runs.map((run) => this.#part(run))
      this.#runs = []
      this.#lines = 0
      this.#chars = 0
    }
    return this.#underWay
  }

  /** What was taken has arrived. */
  arrived(): void {
    this.#underWay = []
  }

  #part(run: Run): SaidPart {
    const { type, first } = run
    const isLog = run.type === 'log'
    const count = isLog ? run.lines.length : run.text.length
    const dropped = first - this.#told[type]
    this.#told[type] = first + count
    return {
      type,
      first,
      count,
      dropped,
      data: { json: isLog ? `[${run.lines.join(',')}]` : JSON.stringify(run.text) },
    }
  }

  #dropOldest(): void {
    while (this.#lines > MAX_WAITING_LINES || this.#chars > MAX_WAITING_CHARS) {
      const oldest = this.#runs[0] as Run
      const isEmpty = oldest.type === 'log' ? this.#dropLine(oldest) : this.#dropText(oldest)
      if (isEmpty) this.#runs.shift()
    }
  }

  #dropLine(run: Run & { type: 'log' }): boolean {
    this.#chars -= (run.lines.shift() as string).length
    this.#lines -= 1
    run.first += 1
    return run.lines.length === 0
  }

  /** As much as is too much, and never half of a character. */
  #dropText(run: Run & { type: 'chunk' }): boolean {
    const over = this.#lines > MAX_WAITING_LINES ? run.text.length : this.#chars - MAX_WAITING_CHARS
    const cut = Math.min(run.text.length, over)
    const isSplit = /^[\udc00-\udfff]/.test(run.text.slice(cut, cut + 1))
    const count = isSplit ? cut + 1 : cut
    run.text = run.text.slice(count)
    run.first += count
    this.#chars -= count
    return run.text === ''
  }
}

/** The line as JSON, made at once: what its fields hold may change. Never throws. */
function lineOf(at: number, level: LineLevel, message: string, fields: LineFields | undefined): string {
  const line: Omit<LogLine, 'n'> = { at, level, message: bounded(textOf(message), MAX_MESSAGE_CHARS) }
  if (fields === undefined) return JSON.stringify(line)
  const text = fieldsText(fields)
  return `${JSON.stringify(line).slice(0, -1)},"fields":${text}}`
}

/** Types do not bind everybody who writes handlers. */
function textOf(message: unknown): string {
  try {
    return String(message)
  } catch {
    return 'a message that cannot be read'
  }
}

function fieldsText(fields: LineFields): string {
  try {
    const text = JSON.stringify(fields, plain) as string | undefined
    if (text !== undefined && text.startsWith('{') && text.length <= MAX_FIELDS_CHARS) return text
    const why = text?.startsWith('{') ? `${text.length} characters, at most ${MAX_FIELDS_CHARS}` : 'no object'
    return JSON.stringify({ unreadable: why })
  } catch (error) {
    return JSON.stringify({ unreadable: bounded(failureOf(error).message, 200) })
  }
}

/** What JSON has no word for. An error goes without its stack: that is for operators, and lines are for owners. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Error) return { name: value.name, message: value.message }
  return value
}
