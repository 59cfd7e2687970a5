/** Aborted when one of several is. Those that are absent never are. */
export function anyOf(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  const present = signals.filter((signal) => signal !== undefined)
  const [only] = present
  return present.length === 1 && only !== undefined ? only : AbortSignal.any(present)
}
