/** What was asked for a job, as far as it is shown with it: while it lives, and with its outcome. */
import type { JobOptions } from './store.ts'

export const SHOWN_OPTIONS = ['queue', 'priority', 'lane', 'tags', 'metadata', 'retryOf'] as const

export type ShownOptions = Pick<JobOptions, (typeof SHOWN_OPTIONS)[number]>

/** `undefined` when nothing of it is shown, as of every plain job. */
export function shownOf(options: JobOptions): ShownOptions | undefined {
  for (const _ in options) {
    const shown = Object.fromEntries(
      SHOWN_OPTIONS.flatMap((name) => (name in options ? [[name, options[name]]] : [])),
    )
    return Object.keys(shown).length === 0 ? undefined : shown
  }
  return undefined
}
