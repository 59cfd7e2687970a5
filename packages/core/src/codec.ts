/**
 * How values rest and travel: plain JSON where the value is plain, so that any language reads it, and superjson's
 * annotation beside it where it is richer (Date, Map, Set, bigint, undefined, RegExp, URL, NaN).
 */
import superjson from 'superjson'
import { checkStorable } from './storable.ts'

/** A value as text. `meta` is there only for rich values: superjson's `meta`, as JSON text. */
export interface Encoded {
  json: string
  meta?: string
}

/** @throws LovageError `NOT_SERIALIZABLE` naming the first part that cannot be stored. */
export function encode(value: unknown): Encoded {
  if (checkStorable(value)) return { json: JSON.stringify(value) }
  const { json, meta } = superjson.serialize(value)
  const text = JSON.stringify(json ?? null)
  return meta === undefined ? { json: text } : { json: text, meta: JSON.stringify(meta) }
}

export function decode(encoded: Encoded): unknown {
  const json: unknown = JSON.parse(encoded.json)
  if (encoded.meta === undefined) return json
  return superjson.deserialize({ json: json as never, meta: JSON.parse(encoded.meta) as never })
}

/** Bytes that an encoded value takes, counted as UTF-8. */
export function encodedBytes(encoded: Encoded): number {
  return utf8Bytes(encoded.json) + (encoded.meta === undefined ? 0 : utf8Bytes(encoded.meta))
}

const encoder = new TextEncoder()
/** Written and never read. Counting so takes a tenth of the time of a loop over the characters, or less. */
const scratch = new Uint8Array(65_536)

function utf8Bytes(text: string): number {
  let bytes = 0
  for (let read = 0; read < text.length;) {
    const part = encoder.encodeInto(read === 0 ? text : text.slice(read), scratch)
    read += part.read
    bytes += part.written
  }
  return bytes
}
