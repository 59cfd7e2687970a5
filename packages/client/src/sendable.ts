/** Whether an input may be sent. What the transformer would turn into something else without a word is refused. */

/** Deeper than inputs are; a circle never ends. */
const MAX_DEPTH = 100
/** Keys that some values have to do without. */
const ODD = /^(__proto__|constructor|prototype)$/

/**
 * Nearly all inputs are surely fine: JSON with dates. Whatever else is in one is looked at by the queue's own rule,
 * which knows all that can be kept and has a sentence for what cannot: loaded when it is needed, since few pages do.
 *
 * @throws LovageError `NOT_SERIALIZABLE`
 */
export async function checkSendable(input: unknown): Promise<void> {
  if (isSurelyFine(input, 0)) return
  // Where it cannot be loaded, the server's schema is what looks.
  const rule = await import('./seldom.ts').catch(() => undefined)
  rule?.checkStorable(input)
}

export function isSurelyFine(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null)
    return typeof value !== 'function' && typeof value !== 'symbol'
  if (value instanceof Date) return !Number.isNaN(+value)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== null && Object.getPrototypeOf(prototype) !== null) return false
  return (
    depth < MAX_DEPTH &&
    Object.entries(value).every(([key, item]) => !ODD.test(key) && isSurelyFine(item, depth + 1))
  )
}
