/** Rows in aligned columns, as `docker ps` prints them. */
import type { Output } from './output.ts'
import { harmless } from '@lovage/core/harmless'
import { cut } from './text.ts'

const GAP = '  '

/** @param rows Each with as many cells as the head. Numbers stand at the right of their column. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  { colours, columns }: Output,
): string[] {
  const cells = rows.map((row) => row.map((cell) => harmless(String(cell))))
  const isNumeric = head.map((_, at) => rows.length > 0 && rows.every((row) => typeof row[at] === 'number'))
  const widths = head.map((title, at) =>
    Math.max(title.length, ...cells.map((row) => (row[at] as string).length)),
  )
  const line = (row: readonly string[]): string => {
    const padded = row.map((cell, at) =>
      isNumeric[at] ? cell.padStart(widths[at] as number) : cell.padEnd(widths[at] as number),
    )
    return cut(padded.join(GAP).trimEnd(), columns)
  }
  return [colours.dim(line(head)), ...cells.map(line)]
}
