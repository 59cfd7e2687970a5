/**
 * An encoded value as one string: its JSON; for a rich value then a line feed and superjson's `meta`. JSON as
 * we write it has no line feed of its own, so the first one is the border.
 */
import type { Encoded } from '@lovage/core'

export const toText = ({ json, meta }: Encoded): string => (meta === undefined ? json : `${json}\n${meta}`)

export function fromText(text: string): Encoded {
  const border = text.indexOf('\n')
  return border === -1 ? { json: text } : { json: text.slice(0, border), meta: text.slice(border + 1) }
}
