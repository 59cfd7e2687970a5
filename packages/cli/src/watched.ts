/** The worker process under `--watch`: it tells the one above which files it has loaded. */
import { fileURLToPath } from 'node:url'
import type { Duration } from '@lovage/core'
import { registerTypeScript } from './load-module.ts'

/** Set for the process that is started anew. */
export const WATCHED = 'LOVAGE_WATCHED'

/** Nobody wants to wait for the end of old code. */
export const WATCHED_DRAIN: Duration = '2s'

export const isWatched = (): boolean => process.env[WATCHED] !== undefined && process.send !== undefined

export interface Loaded {
  loaded: string
}

export async function reportImports(): Promise<void> {
  delete process.env[WATCHED] // what the handlers start is not watched
  // Whoever watches was killed: stop as if told to.
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel?.unref()
  await registerTypeScript((url) => {
    if (process.connected && url.startsWith('file:') && !url.includes('/node_modules/')) {
      process.send?.({ loaded: fileURLToPath(url) } satisfies Loaded)
    }
  })
}
