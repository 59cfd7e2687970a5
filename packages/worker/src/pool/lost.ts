/** Says what is known of a child that ended before its job did. */
import type { Failure } from '@lovage/core'
import { failure } from '../failure.ts'
import type { Exit } from './carrier.ts'

/**
 * @param what `process 4711 that ran it`.
 * @param why When the worker ended it on its own account.
 * @param lastWords The end of what it wrote to stderr; only operators see it, as the failure's stack.
 */
export function lostFailure(what: string, exit: Exit, why: string | null, lastWords: string): Failure {
  const lost = failure('WORKER_LOST', `The ${what} ${howItEnded(exit, why, lastWords)}.`)
  const stack = [exit.error?.stack, lastWords].filter(Boolean).join('\n')
  return stack === '' ? lost : { ...lost, stack: `${lost.message}\n${stack}` }
}

function howItEnded({ code, signal, error }: Exit, why: string | null, lastWords: string): string {
  if (why !== null) return `was ended: ${why}`
  const known = signal === null ? `exit code ${code}` : `signal ${signal}`
  if (/heap out of memory/.test(`${error?.message} ${lastWords}`)) return `ran out of memory (${known})`
  if (error !== undefined) return `ended with an error that nobody caught: ${error.name}: ${error.message}`
  // The kernel kills so whoever takes too much memory, and says nothing.
  if (signal === 'SIGKILL') return 'was killed by SIGKILL, maybe by the system for want of memory'
  return `ended with ${known}`
}
