/** One line of a terminal with a bar, drawn again in its place. */
import { createLogUpdate } from 'log-update'
import { type Colours, openOutput } from './output.ts'

const BAR_COLUMNS = 24

export const barOf = (fraction: number, { cyan, dim }: Colours): string => {
  const filled = Math.round(fraction * BAR_COLUMNS)
  const percent = `${Math.floor(fraction * 100)}`.padStart(3)
  return `${cyan('█'.repeat(filled))}${dim('░'.repeat(BAR_COLUMNS - filled))} ${percent} %`
}

/** What `barOf` takes. */
export const BAR_WIDTH = BAR_COLUMNS + ' 100 %'.length

export interface BarLine {
  draw(fraction: number, rest: string): void
  close(): void
}

export function openBarLine(stream: NodeJS.WriteStream = process.stderr): BarLine {
  const log = createLogUpdate(stream)
  const { errorColours } = openOutput(false)
  return {
    draw: (fraction, rest) => log(`${barOf(fraction, errorColours)}  ${rest}`),
    close() {
      log.clear()
      log.done()
    },
  }
}
