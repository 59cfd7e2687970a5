/** Waits for a job, with a line that shows how far it is where a person is watching. */
import { type Duration, durationMs, type Engine, isTerminal, type Job, LovageError } from '@lovage/core'
import { EXIT } from './exit.ts'
import type { Output } from './output.ts'

/**
 * The job, once it has ended.
 *
 * @throws LovageError `RESULT_TIMEOUT`, `NOT_FOUND`, `RESULT_EXPIRED`, `STORE_UNAVAILABLE`
 */
export async function awaitJob(
  engine: Engine,
  id: string,
  { timeout, out }: { timeout: Duration; out: Output },
): Promise<Job> {
  const waitedMs = durationMs(timeout, 'timeout')
  const line = await openLine(out)
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), waitedMs)
  const onInterrupt = (): void => {
    line?.close()
    out.say(`\nThe job goes on. Wait again: lovage result ${id} --wait. End it: lovage cancel ${id}`)
    process.exit(EXIT.interrupted)
  }
  process.once('SIGINT', onInterrupt)
  try {
    for await (const notice of engine.follow(id, { signal: stop.signal, logs: line !== undefined })) {
      line?.show(notice)
      if (isTerminal(notice)) return await engine.get(id) // unlike a notice it has the stack of a failure
    }
    throw new LovageError('RESULT_TIMEOUT', { id, waitedMs })
  } finally {
    process.off('SIGINT', onInterrupt)
    clearTimeout(timer)
    stop.abort()
    line?.close()
  }
}

async function openLine({ json }: Output) {
  if (json || !process.stderr.isTTY) return undefined
  const { openProgressLine } = await import('./progress-line.ts')
  return openProgressLine()
}
