/** The probe of a process that enqueues and follows: an API server. */
import { ANSWER_MS, inTime } from './in-time.ts'
import type { WatchedQueue } from './metrics.ts'
import { type Health, openProbe, type Probe, type ProbeOptions } from './probe.ts'

export interface QueueProbeOptions extends ProbeOptions {
  queue: WatchedQueue
}

/**
 * Answers `/live` as long as this process does anything at all, `/ready` as long as the store answers within 800 ms,
 * and `/metrics`.
 *
 * @example const probe = await startProbe({ queue, port: 9090, metrics: prometheus() })
 * @throws LovageError `OPTION_INVALID` when the port is taken, or may not be used
 */
export async function startProbe({ queue, ...options }: QueueProbeOptions): Promise<Probe> {
  options.metrics?.watchQueue(queue)
  let asked: Promise<Health> | undefined
  // One question at a time, however many ask: a store that is away must not be met by a crowd when it is back.
  const health = (): Promise<Health> => {
    asked ??= healthOf(queue).finally(() => (asked = undefined))
    return asked
  }
  return openProbe(options, health)
}

const healthOf = (queue: WatchedQueue): Promise<Health> =>
  inTime(queue.counts(), ANSWER_MS).then(
    () => ({ live: true, ready: true }),
    (error: unknown) => ({ live: true, ready: false, why: (error as Error).message }),
  )
