/** Turns what a handler reports into what can be stored, or says why not. */
import { encode, type Encoded, encodedBytes, parse, type Parsed, type Schema } from '@lovage/core'
import { failureOf } from './failure.ts'

/** Reports rest on the stream, some 10,000 of them; whatever is larger is no report but a result. */
const MAX_REPORT_BYTES = 64 * 1024

export type Report = { ok: true; data: Encoded } | { ok: false; why: string }

/** Answers at once where the schema does. Never throws, never rejects. */
export function readReport(schema: Schema | undefined, value: unknown): Report | Promise<Report> {
  if (schema === undefined) return { ok: false, why: 'the task has no progress schema' }
  try {
    const parsing = parse(schema, value)
    return parsing instanceof Promise ? parsing.then(stored).catch(refused) : stored(parsing)
  } catch (error) {
    return refused(error)
  }
}

function stored(parsed: Parsed): Report {
  if (!parsed.ok) {
    return {
      ok: false,
      why: parsed.issues
        .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
        .join('; '),
    }
  }
  const data = encode(parsed.value)
  const bytes = encodedBytes(data)
  if (bytes <= MAX_REPORT_BYTES) return { ok: true, data }
  return { ok: false, why: `it has ${bytes} bytes; at most ${MAX_REPORT_BYTES} are allowed` }
}

const refused = (error: unknown): Report => ({ ok: false, why: failureOf(error).message })
