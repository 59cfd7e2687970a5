// Long computations that share one thread take turns, with each other and with sockets and timers.

/**
 * How long one turn may last; so much later than alone does everything else on this thread happen, at most.
 */
const turnMs = 2

/**
 * Who waits for a turn, longest first. One is let go in each round of the event loop, however many there
 * are.
 */
const waiting: (() => void)[] = []
let isRunning = false

/**
 * Returns a function to call between small pieces of work, and to await where it returns a promise: then
 * the turn is over. It throws the signal's reason once that is aborted.
 */
export function takeTurns(signal?: AbortSignal): () => Promise<void> | undefined {
  let endsAt = performance.now() + turnMs
  return () => {
    signal?.throwIfAborted()
    if (performance.now() < endsAt) return undefined
    return nextTurn().then(() => {
      signal?.throwIfAborted()
      endsAt = performance.now() + turnMs
    })
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve)
    if (isRunning) return
    isRunning = true
    setImmediate(letGo)
  })
}

function letGo(): void {
  waiting.shift()?.()
  if (waiting.length > 0) setImmediate(letGo)
  else isRunning = false
}
