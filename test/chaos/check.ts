/** Holds a history against the promises. */
import type { Entry } from './history.ts'
import { attempts } from './rules/attempts.ts'
import { calls, stuck } from './rules/calls.ts'
import { consumers } from './rules/consumers.ts'
import { ends, feed } from './rules/ends.ts'
import { fence } from './rules/fence.ts'
import { followers } from './rules/followers.ts'
import { concurrency, order, rate } from './rules/limits.ts'
import { looks } from './rules/looks.ts'
import type { Rule } from './rules/rule.ts'
import { schedules } from './rules/schedules.ts'

export const RULES: Readonly<Record<string, Rule>> = {
  feed,
  ends,
  fence,
  attempts,
  concurrency,
  order,
  rate,
  followers,
  looks,
  consumers,
  schedules,
  calls,
  stuck,
}

export interface Violation {
  rule: string
  seen: string
}

export const check = (history: readonly Entry[]): Violation[] =>
  Object.entries(RULES).flatMap(([rule, see]) => see(history).map((seen) => ({ rule, seen })))
