/** What can be kept, and what of it JSON keeps by itself. */
import { LovageError } from './errors.ts'
import { sentences } from './sentences-late.ts'

/**
 * Refuses what superjson would turn into something else without a word, such as functions and instances of classes.
 * Answers whether JSON alone keeps the value.
 *
 * @throws LovageError `NOT_SERIALIZABLE` naming the first part that cannot be stored.
 */
export function checkStorable(value: unknown): boolean {
  if (isFlat(value)) return true
  const walk: Walk = { ancestors: [], harmfulKey: null }
  if (isPlain(value, '', walk)) return true
  if (walk.harmfulKey !== null) refuse(walk.harmfulKey, 'a key that cannot stand beside rich values')
  return false
}

/** Whether it is an object of nothing but texts, plain numbers and the like: most are, and need no walk. */
function isFlat(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return false
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key]
    if (item === null || typeof item === 'string' || typeof item === 'boolean' || item === undefined) continue
    if (typeof item !== 'number' || !isPlainNumber(item)) return false
  }
  return true
}

/** Deeper than any sane payload, and shallow enough that the walk itself cannot overflow the stack. */
const MAX_DEPTH = 500

/** What would change prototypes when the annotation of a rich value is applied; superjson refuses them too. */
const HARMFUL_KEYS = ['__proto__', 'constructor', 'prototype']

interface Walk {
  ancestors: object[]
  /** The path of the first harmful key. */
  harmfulKey: string | null
}

/** Whether JSON alone keeps the value. Throws at the first part that nothing here can keep. */
function isPlain(value: unknown, path: string, walk: Walk): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return isPlainNumber(value)
    case 'bigint':
    case 'undefined':
      return false
    case 'object': {
      if (value === null) return true
      if (walk.ancestors.includes(value)) refuse(path, 'a circular reference')
      if (walk.ancestors.length >= MAX_DEPTH) refuse(path, `nested deeper than ${MAX_DEPTH} levels`)
      walk.ancestors.push(value)
      const plain = isPlainObject(value, path, walk)
      walk.ancestors.pop()
      return plain
    }
    default:
      return refuse(
        path,
        typeof value === 'function' ? `a function (${value.name || 'anonymous'})` : 'a symbol',
      )
  }
}

const isPlainNumber = (value: number): boolean => Number.isFinite(value) && !Object.is(value, -0)

function isPlainObject(value: object, path: string, walk: Walk): boolean {
  if (Array.isArray(value)) {
    let plain = true
    for (let i = 0; i < value.length; i++) plain = isPlain(value[i], `${path}[${i}]`, walk) && plain
    return plain
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  // A plain object's prototype has none itself; comparing with Object.prototype would refuse other realms.
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return isPlainRecord(value, path, walk)
  if (value instanceof Map) {
    for (const [key, item] of value) {
      isPlain(key, at(path, 'keys()'), walk)
      isPlain(item, at(path, `get(${typeof key === 'object' ? 'an object' : String(key)})`), walk)
    }
  } else if (value instanceof Set) {
    for (const item of value) isPlain(item, at(path, 'values()'), walk)
  } else if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) refuse(path, 'an invalid Date')
  } else if (value instanceof Error) {
    isPlain(value.cause, at(path, 'cause'), walk)
  } else if (ArrayBuffer.isView(value)) {
    checkTypedArray(value, path)
  } else if (!(value instanceof RegExp || value instanceof URL)) {
    refuse(path, `an instance of ${classOf(value)}`)
  }
  return false
}

function isPlainRecord(value: object, path: string, walk: Walk): boolean {
  let plain = true
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key]
    if (item === undefined) continue // JSON leaves the key out, which is what an optional property means
    const itemPath = at(path, key)
    if (HARMFUL_KEYS.includes(key)) walk.harmfulKey ??= itemPath
    plain = isPlain(item, itemPath, walk) && plain
  }
  return plain
}

const INTEGER_ARRAY = /^(Uint8Clamped|(Ui|I)nt(8|16|32))Array$/

/** superjson writes the items as JSON numbers, and knows the class by its name when it reads them. */
function checkTypedArray(view: ArrayBufferView, path: string): void {
  const name = classOf(view)
  if (INTEGER_ARRAY.test(name)) return
  if (!(view instanceof Float32Array || view instanceof Float64Array)) refuse(path, `an instance of ${name}`)
  const index = view.findIndex((item) => !isPlainNumber(item))
  if (index === -1) return
  const item = view[index] as number
  refuse(`${path}[${index}]`, `${Object.is(item, -0) ? '-0' : item} within a ${name}`)
}

const at = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`)

const classOf = (value: object): string =>
  (value as { constructor?: { name?: string } }).constructor?.name ?? 'a class'

function refuse(path: string, seen: string): never {
  const details = { path, seen }
  throw new LovageError('NOT_SERIALIZABLE', details, { message: sentences.NOT_SERIALIZABLE(details) })
}
