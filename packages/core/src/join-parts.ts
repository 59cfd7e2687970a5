/** The outputs of a job's children, made into its input. */
import type { Encoded } from './codec.ts'
import type { FlowPlace, Part } from './flow.ts'

/**
 * `only`: the one part itself. `list`: an array of all parts, in order. A part that is kept, whatever came of it, is a
 * `KeptPart` there.
 */
export function joinParts(parts: readonly Part[], input: NonNullable<FlowPlace['waits']>['input']): Encoded {
  const values = parts.map(valueOf)
  if (input === 'only' && values[0] !== undefined) return values[0]
  const json = `[${values.map((value) => value.json).join(',')}]`
  const meta = mergedMeta(values.map((value, index) => ({ at: String(index), meta: value.meta })))
  return meta === undefined ? { json } : { json, meta }
}

function valueOf(part: Part): Encoded {
  if ('error' in part) {
    const { name, message } = part.error
    return { json: JSON.stringify({ ok: false, error: { name, message } }) }
  }
  if (!part.isKept) return part.value
  const json = `{"ok":true,"value":${part.value.json}}`
  const meta = mergedMeta([{ at: 'value', meta: part.value.meta }])
  return meta === undefined ? { json } : { json, meta }
}

/** A tree of superjson's annotations: what a value is, and what is within it, by path. */
type Tree = { [path: string]: Tree } | [type: unknown, within?: { [path: string]: Tree }]
type Equalities = { [path: string]: string[] }

interface Meta {
  values?: Tree
  /** Parts of the value that are one object: from one path to the others; in an array, the value itself comes first. */
  referentialEqualities?: Equalities | [root: string[], others?: Equalities]
  /** Absent from what superjson wrote before it could tell a backslash in a key from one that escapes. */
  v?: number
}

/** The annotations (`meta`) of a value that has others within it, each at a path. */
export function mergedMeta(parts: readonly { at: string; meta: string | undefined }[]): string | undefined {
  const values: { [path: string]: Tree } = {}
  const equalities: Equalities = {}
  for (const { at, meta: text } of parts) {
    if (text === undefined) continue
    const meta = JSON.parse(text) as Meta
    const path = (inner: string): string => `${at}.${escaped(inner, meta)}`
    const tree = meta.values && modern(meta.values, meta)
    if (Array.isArray(tree)) values[at] = tree
    else for (const [inner, within] of Object.entries(tree ?? {})) values[`${at}.${inner}`] = within
    const { referentialEqualities: equal } = meta
    const [root, others] = Array.isArray(equal) ? equal : [undefined, equal]
    if (root !== undefined) equalities[at] = root.map(path)
    for (const [inner, same] of Object.entries(others ?? {})) equalities[path(inner)] = same.map(path)
  }
  const isRich = Object.keys(values).length > 0
  const isShared = Object.keys(equalities).length > 0
  if (!isRich && !isShared) return undefined
  return JSON.stringify({
    ...(isRich && { values }),
    ...(isShared && { referentialEqualities: equalities }),
    v: 1,
  })
}

/** The same path as today's superjson writes it. */
const escaped = (path: string, { v = 0 }: Meta): string => (v < 1 ? path.replace(/\\(?!\.)/g, '\\\\') : path)

function modern(tree: Tree, meta: Meta): Tree {
  if ((meta.v ?? 0) >= 1) return tree
  const within = (trees: { [path: string]: Tree }): { [path: string]: Tree } =>
    Object.fromEntries(
      Object.entries(trees).map(([path, inner]) => [escaped(path, meta), modern(inner, meta)]),
    )
  if (!Array.isArray(tree)) return within(tree)
  const [type, inner] = tree
  return inner === undefined ? [type] : [type, within(inner)]
}
