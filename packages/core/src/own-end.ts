export interface OwnEnd {
  readonly signal: AbortSignal
  /** Aborts it. */
  end(): void
  /** Leaves the other signal alone. */
  forget(): void
}

/** A signal of its own, aborted with another one or by `end`. `AbortSignal.any` would leave a trace of each at that one. */
export function endedWith(signal: AbortSignal): OwnEnd {
  const own = new AbortController()
  const end = (): void => own.abort()
  signal.addEventListener('abort', end)
  if (signal.aborted) end()
  return { signal: own.signal, end, forget: () => signal.removeEventListener('abort', end) }
}
