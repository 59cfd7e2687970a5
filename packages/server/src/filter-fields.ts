/** What callers may say of the jobs that they look for. */
import * as field from './envelope.ts'
import { optional } from './envelope.ts'

/** @param task Where the procedure is one of a task: then no other may be named. */
export const filterFields = (task: string | undefined) => ({
  task: optional(task === undefined ? field.name : field.nothing),
  tag: optional(field.text),
  key: optional(field.text),
  state: optional(field.state),
})

export const PAGE_FIELDS = { limit: optional(field.limit), after: optional(field.text) }
