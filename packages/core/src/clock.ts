/** Where time comes from. Everything that waits or stamps takes one, so that tests own the time. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number
  /**
   * Calls back once after `ms`; the returned function takes the call back. `isIdle`: a process that has nothing else to
   * do need not stay for it.
   */
  after(ms: number, call: () => void, isIdle?: boolean): () => void
}

/** Longest delay that `setTimeout` keeps; a longer one would fire at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: Date.now,
  after(ms, call, isIdle) {
    const timer = setTimeout(call, Math.min(ms, MAX_TIMEOUT_MS))
    if (isIdle) (timer as { unref?: () => void }).unref?.() // Node's; a browser has a number
    return () => clearTimeout(timer)
  },
}

/** Resolves after `ms`, or at once when the signal is aborted: whoever waits looks at the signal itself. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = (): void => {
      cancel()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(ms, done)
    signal?.addEventListener('abort', done)
  })
}
