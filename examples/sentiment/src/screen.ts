// Live bars in a terminal, plain lines everywhere else.
import { createLogUpdate } from 'log-update'
import pc from 'picocolors'
import { bar, grouped } from './figures.ts'

export interface Screen {
  /** A line that stays. */
  say(line?: string): void
  /** Adds a bar. Bars stand in the order in which they were added; pinned ones below all others. */
  track(title: string, options?: TrackOptions): Track
  /** Takes what is live off the screen. What was said stays. */
  close(): void
}

interface TrackOptions {
  readonly pinned?: boolean
  /**
   * Where no bars can be drawn: how many steps a bar has, each but the last told by a line. Default 1, so
   * none.
   */
  readonly plainSteps?: number
}

export interface Track {
  report(done: number, total: number, note?: string): void
  /** The bar makes way, for a line that stays if one is given. */
  finish(line?: string): void
}

/** Bars if `stream` is a terminal that can move its cursor, else lines without any control character. */
export function openScreen(stream: NodeJS.WriteStream = process.stdout, env = process.env): Screen {
  return stream.isTTY && env['TERM'] !== 'dumb' && env['CI'] === undefined
    ? liveScreen(stream)
    : plainScreen(stream)
}

const barWidth = 22
const titleWidth = 33
const frameMs = 33 // thirty pictures a second look smooth, and leave the processor to the work

interface Live {
  readonly title: string
  readonly pinned: boolean
  done: number
  total: number
  note: string
}

function liveScreen(stream: NodeJS.WriteStream): Screen {
  const log = createLogUpdate(stream)
  const bars = new Set<Live>()
  let said: string[] = []
  let timer: NodeJS.Timeout | undefined

  /** All that was said since the last picture goes out at once: a hundred finished bars must not flicker. */
  function draw(): void {
    timer = undefined
    if (said.length > 0) {
      log.clear()
      stream.write(`${said.join('\n')}\n`)
      said = []
    }
    const begun = [...bars].filter((live) => !live.pinned && live.done > 0)
    // One line must stay free below, or the terminal scrolls and the picture is torn.
    const room = Math.max(0, (stream.rows ?? 24) - 2 - [...bars].filter((live) => live.pinned).length)
    const shown = [...begun.slice(0, room), ...[...bars].filter((live) => live.pinned)]
    if (shown.length > 0) log(shown.map(lineOf).join('\n'))
    else log.clear()
  }
  const schedule = (): void => {
    timer ??= setTimeout(draw, frameMs)
  }

  return {
    say(line = '') {
      said.push(line)
      schedule()
    },
    track(title, { pinned = false } = {}) {
      const live: Live = { title, pinned, done: 0, total: 1, note: '' }
      bars.add(live)
      schedule()
      return {
        report(done, total, note = '') {
          Object.assign(live, { done, total, note })
          schedule()
        },
        finish(line) {
          bars.delete(live)
          if (line !== undefined) said.push(line)
          schedule()
        },
      }
    },
    close() {
      clearTimeout(timer)
      bars.clear()
      draw()
      log.done()
    },
  }
}

function lineOf({ title, done, total, note }: Live): string {
  const filled = bar(done / total, barWidth, '')
  const drawn = pc.cyan(filled) + pc.dim('░'.repeat(barWidth - filled.length))
  return `    ${title.padEnd(titleWidth)} ${drawn} ${note || pc.dim(`${grouped(done)} of ${grouped(total)}`)}`
}

function plainScreen(stream: NodeJS.WritableStream): Screen {
  const say = (line = ''): void => void stream.write(`${line}\n`)
  return {
    say,
    track(title, { plainSteps = 1 } = {}) {
      let next = 1
      return {
        report(done, total, note = '') {
          const step = Math.floor((done / total) * plainSteps)
          if (step < next || step >= plainSteps) return
          next = step + 1
          say(`    ${title.padEnd(titleWidth)} ${Math.round((done / total) * 100)} %  ${note}`.trimEnd())
        },
        finish(line) {
          if (line !== undefined) say(line)
        },
      }
    },
    close() {},
  }
}
