/** The worker process under `--watch`, with its threads and processes: they write down which files they load. */
import { appendFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Duration } from '@lovage/core'

/** Names the file into which a line is written for each file that is loaded. */
export const WATCHED = 'LOVAGE_WATCHED'

/** Nobody wants to wait for the end of old code. */
export const WATCHED_DRAIN: Duration = '2s'

/** For tsx's `register`. */
export function importOptions(list = process.env[WATCHED]): { onImport?: (url: string) => void } {
  if (list === undefined) return {}
  return {
    onImport: (url) => {
      // Written at once: by the time that a module fails, it is known.
      if (url.startsWith('file:') && !url.includes('/node_modules/'))
        appendFileSync(list, `${fileURLToPath(url)}\n`)
    },
  }
}

/** Whether this is the process that is started anew, and not one that such a process has started. */
export const isWatched = (): boolean => process.env[WATCHED] !== undefined && process.send !== undefined

/** Stops as if told to when whoever watches was killed. */
export function endWithWatcher(): void {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel?.unref()
}
