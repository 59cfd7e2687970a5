/** Values that are the same as JSON and as themselves. */

/** Deeper than anybody writes; what is deeper is looked at by others. */
const MAX_DEPTH = 50
/** Names that superjson refuses. */
const REFUSED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** Whether `JSON.stringify` says all of it: no dates, maps, bigints, holes, numbers that JSON does not know. */
export function isPlain(value: unknown, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
    case 'object':
      break
    default:
      return false
  }
  if (value === null) return true
  if (depth > MAX_DEPTH) return false
  if (Array.isArray(value)) return value.every((item) => isPlain(item, depth + 1)) && !hasHoles(value)
  const prototype = Object.getPrototypeOf(value) as unknown
  if (prototype !== Object.prototype && prototype !== null) return false
  for (const key of Object.keys(value)) {
    if (REFUSED.has(key) || !isPlain((value as Record<string, unknown>)[key], depth + 1)) return false
  }
  return !('toJSON' in value)
}

/** `every` passes over holes. */
const hasHoles = (list: readonly unknown[]): boolean => Object.keys(list).length !== list.length
