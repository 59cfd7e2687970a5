/**
 * Limits over partitions. Those of tasks and keys are whole in each, since all jobs that they concern are in one. A
 * limit of a queue is dealt out: no partition may use what another one leaves, but together they never exceed it.
 */
import type { Limit, LimitRule } from '../limits.ts'
import { refused } from '../refused.ts'

/** @throws LovageError `OPTION_INVALID` for a limit of a queue that is too small to be dealt out */
export const shareOf = (rules: readonly LimitRule[], index: number, count: number): LimitRule[] =>
  rules.map((rule) => {
    const { of, name, limit } = rule
    return of === 'queue' && limit !== null
      ? { of, name, limit: shareOfLimit(name, limit, index, count) }
      : rule
  })

function shareOfLimit(queue: string, { concurrency, rate }: Limit, index: number, count: number): Limit {
  const share = (option: string, whole: number): number => {
    if (whole < count)
      refused(
        option,
        whole,
        `at least ${count}, one for each partition of the queue ${queue}; give a smaller limit to a task or a key`,
      )
    return Math.floor(whole / count) + (index < whole % count ? 1 : 0)
  }
  return {
    ...(concurrency !== undefined && { concurrency: share('concurrency', concurrency) }),
    ...(rate !== undefined && { rate: { ...rate, limit: share('rateLimit.limit', rate.limit) } }),
  }
}
