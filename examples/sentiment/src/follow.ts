import type { JobHandle, Notice, TaskTypes } from '@lovage/core'
import pc from 'picocolors'
import type { Screen } from './screen.ts'

export interface FollowOptions<T extends TaskTypes> {
  readonly screen: Screen
  /** Ends the job as well: whoever is not there to see it does not want it. */
  readonly signal: AbortSignal
  readonly onProgress: (data: T['progress']) => void
  readonly onNotice?: (notice: Notice) => void
}

/**
 * Follows a job to its end and gives its result.
 *
 * @throws what `job.result()` throws when it did not succeed, or the signal's reason
 */
export async function follow<T extends TaskTypes>(
  job: JobHandle<T>,
  { screen, signal, onProgress, onNotice }: FollowOptions<T>,
): Promise<T['output']> {
  for await (const notice of job.notices({ signal })) {
    onNotice?.(notice)
    if (notice.type === 'progress') onProgress(notice.data)
    if (notice.type === 'succeeded') return notice.result
    if (notice.type === 'retrying') screen.say(warning(`${job.task}: ${notice.error.message}; trying again`))
    if (notice.type === 'gap')
      screen.say(warning(`${notice.missed} notices were gone before they could be read`))
  }
  if (!signal.aborted) return job.result()
  // If even this fails, the reason below still says what went wrong first.
  await job.cancel('nobody waits for it any more').catch(() => {})
  throw signal.reason
}

const warning = (text: string): string => pc.yellow(`  ! ${text}`)
