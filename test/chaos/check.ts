/** Holds a history against the promises. */
import type { Entry } from './history.ts'
import { attempts } from './rules/attempts.ts'
import { bounds } from './rules/bounds.ts'
import { calls, stuck, warnings } from './rules/calls.ts'
import { cancels } from './rules/cancels.ts'
import { consumers } from './rules/consumers.ts'
import { ends, feed } from './rules/ends.ts'
import { fence } from './rules/fence.ts'
import { followers } from './rules/followers.ts'
import { concurrency, order, rate } from './rules/limits.ts'
import { looks } from './rules/looks.ts'
import { byPartition } from './partitions.ts'
import type { Rule } from './rules/rule.ts'
import { schedules } from './rules/schedules.ts'
import { versions } from './rules/versions.ts'

/** A rule about the numbers of one feed: of each partition by itself. */
const each =
  (rule: Rule): Rule =>
  (history) => {
    const parts = byPartition(history)
    return parts.flatMap((part, index) =>
      rule(part).map((seen) => (parts.length === 1 ? seen : `partition ${index}: ${seen}`)),
    )
  }

export const RULES: Readonly<Record<string, Rule>> = {
  feed: each(feed),
  ends,
  fence,
  attempts,
  concurrency,
  order,
  rate,
  followers: each(followers),
  looks,
  consumers: each(consumers),
  schedules,
  cancels,
  bounds,
  versions,
  calls,
  warnings,
  stuck,
}

export interface Violation {
  rule: string
  seen: string
}

export const check = (history: readonly Entry[]): Violation[] =>
  Object.entries(RULES).flatMap(([rule, see]) => see(history).map((seen) => ({ rule, seen })))
