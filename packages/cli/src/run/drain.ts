import { type Counts, type Duration, durationMs } from '@lovage/core'
import { setTimeout as pause } from 'node:timers/promises'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { withEngine } from '../with-engine.ts'

/** Counting is one cheap round trip; nobody sees a finer step of the bar. */
const LOOK_MS = 500

export function drain(context: Context, { timeout }: { timeout: Duration }): Promise<ExitCode> {
  const { out } = context
  const until = performance.now() + durationMs(timeout, 'timeout')
  return withEngine(context, async (engine) => {
    const line = out.json || !process.stderr.isTTY ? undefined : await openLine()
    let most = 0
    try {
      for (;;) {
        const counts = await engine.store.counts()
        const left = leftIn(counts)
        most = Math.max(most, left)
        line?.draw(
          most === 0 ? 1 : 1 - left / most,
          `${left} left${counts.workers === 0 ? ', and no worker is running' : ''}`,
        )
        if (left === 0) break
        if (performance.now() >= until) {
          line?.close()
          if (out.json) out.document({ left })
          else out.say(`${left} job(s) are left after ${timeout}.`)
          return EXIT.notYet
        }
        await pause(Math.min(LOOK_MS, Math.max(1, until - performance.now())))
      }
    } finally {
      line?.close()
    }
    if (out.json) out.document({ left: 0 })
    else out.say('No job is left to run.')
    return EXIT.ok
  })
}

async function openLine() {
  const { openBarLine } = await import('../bar-line.ts')
  return openBarLine()
}

const leftIn = ({ queued, waiting, retrying, running }: Counts): number =>
  queued + waiting + retrying + running
