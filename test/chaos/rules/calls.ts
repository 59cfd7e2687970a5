// Promise 5 and 12: every call ends, and what goes wrong is told in a typed error; nothing is stuck when all works again.
import { all } from '../history.ts'
import type { Rule } from './rule.ts'

/** What a caller must expect while things break. */
const EXPECTED: readonly (string | null)[] = ['STORE_UNAVAILABLE', 'DISCONNECTED']

export const calls: Rule = (history) =>
  all(history, 'refused')
    .filter(({ code }) => !EXPECTED.includes(code))
    .map(
      ({ who, call, id, code, message }) =>
        `${who}: ${call} ${id} met ${code ?? 'an error without a code'}: ${message}`,
    )

export const stuck: Rule = (history) => [
  ...all(history, 'stuck').map(({ what }) => `not at its end in time: ${what}`),
  ...all(history, 'leftover').flatMap(({ keys }) => keys.map((key) => `left over: ${key}`)),
  ...all(history, 'crashed').map(
    ({ code, signal, stderr }) => `a player ended (${signal ?? code}): ${stderr}`,
  ),
]
