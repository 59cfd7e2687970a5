import { setImmediate } from 'node:timers/promises'

/**
 * Long work that shares its thread: how long one turn may last before sockets and timers are served. Every job that
 * runs at the same time takes such a turn first, so eight of them let 32 ms pass.
 */
const turnMs = 4

/**
 * Returns a function to call between small pieces of work. When the turn has lasted long enough it gives the event loop
 * a chance; in every case it throws the signal's reason once the signal is aborted.
 */
export function takeTurns(signal?: AbortSignal): () => Promise<void> | undefined {
  let endsAt = performance.now() + turnMs
  return () => {
    signal?.throwIfAborted()
    if (performance.now() < endsAt) return undefined
    return setImmediate().then(() => {
      signal?.throwIfAborted()
      endsAt = performance.now() + turnMs
    })
  }
}
