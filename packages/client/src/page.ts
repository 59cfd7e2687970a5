/** The page around the client: a moment in which it is worth trying again at once. */
import { anyOf, type Clock, sleep } from '@lovage/core'
import { reconnectMs } from './backoff.ts'

type Target = Partial<Pick<EventTarget, 'addEventListener'>>
interface Page extends Target {
  document?: Target & { visibilityState?: string }
}

/**
 * Calls back when the machine has a network again, and when somebody looks at the page again. Where there is no page
 * it never does. The returned function ends that.
 */
export function onReturn(call: () => void): () => void {
  const page = globalThis as Page
  const { document } = page
  const stop = new AbortController()
  page.addEventListener?.('online', call, stop)
  document?.addEventListener?.(
    'visibilitychange',
    () => {
      if (document.visibilityState === 'visible') call()
    },
    stop,
  )
  return () => stop.abort()
}

/** Waits before another attempt: `ms`, or once the page is back no longer than before a first one. */
export async function pause(
  clock: Clock,
  ms: number,
  random: () => number,
  signal: AbortSignal,
): Promise<void> {
  const early = new AbortController()
  const forget = onReturn(() => early.abort())
  try {
    await sleep(clock, ms, anyOf(signal, early.signal))
  } finally {
    forget()
  }
  // Still by chance: a network that comes back does so for a whole office.
  if (early.signal.aborted) await sleep(clock, Math.min(ms, reconnectMs(0, random)), signal)
}
