/** The border to whatever schema library the user has: Standard Schema, which zod, valibot and arktype implement. */
import type { StandardSchemaV1 } from '@standard-schema/spec'

export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>

/** One thing that is wrong with a value: where (`texts[3].id`, empty for the value itself) and what. */
export interface Issue {
  path: string
  message: string
}

export type Parsed = { ok: true; value: unknown } | { ok: false; issues: Issue[] }

/** Parses a value. Answers at once where the schema does, which the hot path relies on. */
export function parse(schema: Schema | undefined, value: unknown): Parsed | Promise<Parsed> {
  if (schema === undefined) return { ok: true, value }
  const result = schema['~standard'].validate(value)
  return result instanceof Promise ? result.then(toParsed) : toParsed(result)
}

function toParsed(result: StandardSchemaV1.Result<unknown>): Parsed {
  if (result.issues === undefined) return { ok: true, value: result.value }
  return {
    ok: false,
    issues: result.issues.map((issue) => ({ path: pathText(issue.path ?? []), message: issue.message })),
  }
}

function pathText(path: ReadonlyArray<PropertyKey | StandardSchemaV1.PathSegment>): string {
  let text = ''
  for (const segment of path) {
    const key = typeof segment === 'object' ? segment.key : segment
    text += typeof key === 'number' ? `[${key}]` : text === '' ? String(key) : `.${String(key)}`
  }
  return text
}

/** An issue of one of many inputs, its path led by the input's place: `[3].texts`. */
export function issueAt(index: number, { path, message }: Issue): Issue {
  const rest = path === '' || path.startsWith('[') ? path : `.${path}`
  return { path: `[${index}]${rest}`, message }
}
