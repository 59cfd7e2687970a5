/**
 * Scripts can put values into one another, but not the annotations that superjson has for them: those they only
 * collect, as `{"parts":[[path,meta],…]}`, and they are merged when they are read.
 */
import { mergedMeta } from '@lovage/core'

export function readMeta(meta: string): string | undefined {
  if (!meta.startsWith('{"parts":')) return meta
  const { parts } = JSON.parse(meta) as { parts: [at: string, meta: unknown][] }
  return mergedMeta(parts.map(([at, part]) => ({ at, meta: readMeta(JSON.stringify(part)) })))
}
