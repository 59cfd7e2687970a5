/**
 * How values rest and travel: plain JSON where the value is plain, so that any language reads it, and superjson's
 * annotation beside it where it is richer (Date, Map, Set, bigint, undefined, RegExp, URL, NaN).
 */
import superjson from 'superjson'
import { LovageError } from './errors.ts'

/** A value as text. `meta` is there only for rich values: superjson's `meta`, as JSON text. */
export interface Encoded {
  json: string
  meta?: string
}

/** @throws LovageError `NOT_SERIALIZABLE` naming the first part that cannot be stored. */
export function encode(value: unknown): Encoded {
  if (isPlain(value, '', [])) return { json: JSON.stringify(value) }
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

function utf8Bytes(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff)) bytes += 2
    else if (unit > 0x7f) bytes += 1
  }
  return bytes
}

/** Deeper than any sane payload, and shallow enough that the walk itself cannot overflow the stack. */
const MAX_DEPTH = 500

/** Whether JSON alone keeps the value. Throws at the first part that nothing here can keep. */
function isPlain(value: unknown, path: string, ancestors: object[]): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
    case 'bigint':
    case 'undefined':
      return false
    case 'object':
      return value === null || isPlainObject(value, path, ancestors)
    default:
      return refuse(path, typeof value === 'function' ? `a function (${value.name || 'anonymous'})` : 'a symbol')
  }
}

function isPlainObject(value: object, path: string, ancestors: object[]): boolean {
  if (ancestors.includes(value)) refuse(path, 'a circular reference')
  if (ancestors.length >= MAX_DEPTH) refuse(path, `nested deeper than ${MAX_DEPTH} levels`)
  ancestors.push(value)
  let plain = true
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) plain = isPlain(value[i], `${path}[${i}]`, ancestors) && plain
  } else if (value instanceof Map) {
    for (const [key, item] of value) {
      isPlain(key, `${path}.keys()`, ancestors)
      isPlain(item, `${path}.get(${String(key)})`, ancestors)
    }
    plain = false
  } else if (value instanceof Set) {
    for (const item of value) isPlain(item, `${path}.values()`, ancestors)
    plain = false
  } else if (isRich(value)) {
    plain = false
  } else {
    const prototype: unknown = Object.getPrototypeOf(value)
    // A plain object's prototype has none itself; comparing with Object.prototype would refuse other realms.
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      refuse(path, `an instance of ${(value as { constructor?: { name?: string } }).constructor?.name ?? 'a class'}`)
    }
    for (const key in value) {
      const item = (value as Record<string, unknown>)[key]
      if (item === undefined) continue // JSON leaves the key out, which is what an optional property means
      plain = isPlain(item, path === '' ? key : `${path}.${key}`, ancestors) && plain
    }
  }
  ancestors.pop()
  return plain
}

const isRich = (value: object): boolean =>
  value instanceof Date ||
  value instanceof RegExp ||
  value instanceof URL ||
  value instanceof Error ||
  ArrayBuffer.isView(value)

function refuse(path: string, seen: string): never {
  throw new LovageError('NOT_SERIALIZABLE', { path, seen })
}
