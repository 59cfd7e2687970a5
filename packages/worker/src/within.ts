/** Calls a function with a span as the active one, where there is one. */
import type { AttemptSpan } from '@lovage/core'

export const within = <Result>(span: AttemptSpan | undefined, call: () => Result): Result =>
  span === undefined ? call() : span.run(call)
