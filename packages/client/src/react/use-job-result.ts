/** The value of a job, for those who suspend. */
import { waitForResult } from '@lovage/core'
import { useSyncExternalStore } from 'react'
import { type Origin, originOf } from '../origin.ts'
import { idOf, type JobCalls, type JobIn } from './calls-types.ts'

/** Values do not change, so they may be kept; as many as a page may want to show at once. */
const KEPT_MAX = 100
/** An error may pass: whoever renders again later asks again. */
const ERROR_KEPT_MS = 1_000

interface Answer {
  promise: Promise<void>
  end?: { value: unknown } | { error: unknown }
}

const byOrigin = new WeakMap<Origin, Map<string, Answer>>()

/**
 * What a job returned; suspends until it has ended. Throws what `result()` throws, for an error boundary.
 * On a server the fallback is rendered, since nobody wants to wait for a job there; the page takes over.
 */
export function useJobResult<C extends JobCalls>(
  calls: C,
  which: string | { id: string },
): Extract<JobIn<C>, { state: 'succeeded' }>['result'] {
  useSyncExternalStore(never, never) // has nothing for a server: there React gives the nearest <Suspense> its fallback
  const { promise, end } = answerOf(originOf(calls), idOf(which) as string)
  // oxlint-disable-next-line typescript/only-throw-error -- how a component suspends in React 18 and 19 alike
  if (end === undefined) throw promise
  if ('error' in end) throw end.error
  return end.value
}

const never = (): (() => void) => none
const none = (): void => {}

function answerOf(origin: Origin, id: string): Answer {
  const { clock } = origin.wire
  let answers = byOrigin.get(origin)
  if (answers === undefined) byOrigin.set(origin, (answers = new Map()))
  const kept = answers.get(id)
  if (kept !== undefined) return kept
  const answer: Answer = {
    // Not within the render that asks: opening a socket tells whoever shows the connection.
    promise: Promise.resolve()
      .then(() => waitForResult(origin.jobs, id, clock, { timeout: Infinity }))
      .then(
        (value) => void (answer.end = { value }),
        (error: unknown) => {
          answer.end = { error }
          clock.after(ERROR_KEPT_MS, () => answers.delete(id))
        },
      ),
  }
  answers.set(id, answer)
  if (answers.size > KEPT_MAX) answers.delete(answers.keys().next().value as string)
  return answer
}
