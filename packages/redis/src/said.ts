/**
 * What a job said, in `said:<id>`: one JSON object a line, as anyone reads it, oldest first.
 *
 * ```
 * {"cursor":"1765893600000-0.7","at":1765893600000,"attempt":1,"first":1,"lines":[…],"next":[1765893599000,3,0]}
 * {"cursor":"1765893600100-0.8","at":1765893600100,"attempt":1,"first":0,"text":"Once","next":[1765893599000,3,4]}
 * ```
 *
 * `next` is the hold that wrote it (the moment of its claim) and the numbers of the line and the character that it
 * writes next: what tells a repeat.
 */
import type { Cursor, Said } from '@lovage/core'

interface SaidRecord {
  cursor: Cursor
  at: number
  attempt: number
  first: number
  dropped?: number
  lines?: unknown[]
  text?: string
}

export function decodeSaid(text: string | null): Said[] {
  return (text ?? '')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [saidOf(JSON.parse(line) as SaidRecord)]))
}

const saidOf = ({ cursor, at, attempt, first, dropped = 0, lines, text }: SaidRecord): Said => ({
  cursor,
  type: lines === undefined ? 'chunk' : 'log',
  at,
  attempt,
  first,
  dropped,
  data: { json: JSON.stringify(lines ?? text) },
})
