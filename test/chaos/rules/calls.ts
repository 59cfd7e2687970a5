// Promise 5 and 12: every call ends, and what goes wrong is told in a typed error; nothing is stuck when all works again.
import { all, type EntryOf } from '../history.ts'
import { type Losses, lossesOf } from './losses.ts'
import type { Rule } from './rule.ts'

/** What a caller must expect while things break. */
const EXPECTED: readonly (string | null)[] = ['STORE_UNAVAILABLE', 'DISCONNECTED']

type Refused = EntryOf<'refused'>

/** Of a job, or a group, that the store has forgotten. */
const isForgotten = ({ code, id, at }: Refused, losses: Losses): boolean =>
  (code === 'NOT_FOUND' && losses.mayBeGone(id)) ||
  (code === 'GROUP_DELETED' && losses.all.some((loss) => loss.at < at))

export const calls: Rule = (history) =>
  all(history, 'refused')
    .filter((entry) => !EXPECTED.includes(entry.code) && !isForgotten(entry, lossesOf(history)))
    .map(
      ({ who, call, id, code, message }) =>
        `${who}: ${call} ${id} met ${code ?? 'an error without a code'}: ${message}`,
    )

/** What Node warns of is a leak, or something that will not work for ever. */
export const warnings: Rule = (history) =>
  all(history, 'warned').map(({ who, stack }) => `${who} was warned: ${stack}`)

export const stuck: Rule = (history) => [
  ...all(history, 'stuck').map(({ what }) => `not at its end in time: ${what}`),
  ...all(history, 'leftover').flatMap(({ keys }) => keys.map((key) => `left over: ${key}`)),
  ...all(history, 'crashed').map(
    ({ code, signal, stderr }) => `a player ended (${signal ?? code}): ${stderr}`,
  ),
]
