// What stands on the screen at the end: a table by decade, a chart, two quotations. Plain strings, so a
// file or a pipe gets the same; colour only where the terminal has it.
import Table from 'cli-table3'
import pc from 'picocolors'
import { type Decade, type Quote, together } from './decades.ts'
import { bar, grouped, percent } from './figures.ts'

/** No rules between rows, a thin one under the head: 24 decades shall be read as one block. */
const airy = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '  ',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

const barWidth = 22

/** One row per decade and one for all of them. 76 columns wide. */
export function table(decades: readonly Decade[]): string {
  const rows = new Table({
    head: ['Decade', 'Addresses', 'Sentences', 'Mean score', 'Positive', ''].map((title) => pc.dim(title)),
    colAligns: ['left', 'right', 'right', 'right', 'right', 'left'],
    chars: airy,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  for (const row of decades)
    rows.push([
      `${row.decade}s`,
      ...figures(row),
      tinted(row.positiveShare, bar(row.positiveShare, barWidth)),
    ])
  rows.push([pc.bold('All'), ...figures(together(decades)).map((figure) => pc.bold(figure)), ''])
  return rows.toString()
}

function figures({ addresses, sentences, meanScore, positiveShare }: Omit<Decade, 'decade'>): string[] {
  return [String(addresses), grouped(sentences), meanScore.toFixed(3), percent(positiveShare)]
}

/**
 * Columns of the share of positive sentences, one per decade. The axis shows only the range between 5 %
 * steps.
 */
export function chart(decades: readonly Decade[], rows = 8): string {
  const shares = decades.map(({ positiveShare }) => positiveShare)
  const low = Math.floor(Math.min(...shares) * 20) / 20
  const high = Math.max(Math.ceil(Math.max(...shares) * 20) / 20, low + 0.05)
  const lines: string[] = []
  for (let row = rows - 1; row >= 0; row--) {
    const cells = shares.map((share) => {
      const height = ((share - low) / (high - low)) * rows - row
      return tinted(share, (columnBlocks[Math.max(0, Math.min(8, Math.round(height * 8)))] ?? ' ').repeat(2))
    })
    const mark = row === rows - 1 ? percent(high, 0) : row === 0 ? percent(low, 0) : ''
    lines.push(`  ${pc.dim(`${mark.padStart(4)} ${mark === '' ? '│' : '┤'}`)}${cells.join(' ')}`)
  }
  lines.push(
    `  ${pc.dim(`     └${'─'.repeat(decades.length * 3 - 1)}`)}`,
    `        ${pc.dim(yearMarks(decades))}`,
  )
  return lines.join('\n')
}

const columnBlocks = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/** The year under every fourth column: each has three places, a year needs four and a gap. */
function yearMarks(decades: readonly Decade[]): string {
  return decades
    .map(({ decade }, at) => (at % 4 === 0 ? String(decade).padEnd(12) : ''))
    .join('')
    .trimEnd()
}

/** Green above seven in ten, red below six in ten; addresses as a whole are two thirds positive. */
export function tinted(share: number, text: string): string {
  if (share >= 0.7) return pc.green(text)
  return share < 0.6 ? pc.red(text) : pc.yellow(text)
}

export function quotation(title: string, quote: Quote | undefined): string {
  if (quote === undefined) return ''
  const text = quote.text.replaceAll('"', "'")
  return `  ${pc.dim(title)} ${quote.president}, ${quote.year} (${quote.score.toFixed(4)})\n    “${text}”`
}
