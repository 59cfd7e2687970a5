/** What a run came to, in Markdown: figures that were counted, and every violation. */
import type { Violation } from './check.ts'
import type { RunResult } from './director/run.ts'
import { all, type Entry, groupBy } from './history.ts'

export interface ReportOptions {
  history: readonly Entry[]
  violations: readonly Violation[]
  result: RunResult
  seed: number
  seconds: number
}

/** Of each rule. */
const SHOWN = 8

export function reportOf({ history, violations, result, seed, seconds }: ReportOptions): string {
  const faults = groupBy(all(history, 'fault'), ({ kind }) => kind)
  const count = (fact: Parameters<typeof all>[1]): number => all(history, fact).length
  const heard = all(history, 'heard')
  const lines = [
    `seed ${seed}: ${Math.round(seconds)} s, ${count('fault')} faults, ${violations.length} violations`,
    '',
    `faults: ${[...faults].map(([kind, some]) => `${kind} ${some.length}`).join(', ')}`,
    ...(result.hasDisk ? [] : ['disk full: NOT RUN, since a disk of its own needs root']),
    `histories: ${new Set(history.map(({ who }) => who)).size} writers, ${history.length} entries`,
    `jobs: ${count('asked')} asked for, ${count('accepted')} accepted, ${count('claimed')} claims, ${count('began')} runs`,
    `calls refused: ${[...groupBy(all(history, 'refused'), ({ code }) => String(code))].map(([code, some]) => `${code} ${some.length}`).join(', ') || 'none'}`,
    `settlements fenced: ${all(history, 'settled').filter(({ isLost }) => isLost).length}`,
    `feed: ${count('record')} records; ${count('follows')} followers were told ${heard.length} notices, ${heard.filter(({ type }) => type === 'gap').length} gaps`,
    `get after a notice: ${count('looked')} times`,
    `consumers: ${count('delivered')} deliveries, ${count('acked')} acks`,
    `looks at limits: ${count('counted')}`,
    '',
    ...[...groupBy(violations, ({ rule }) => rule)].flatMap(([rule, some]) => [
      `VIOLATIONS of ${rule}: ${some.length}`,
      ...some.slice(0, SHOWN).map(({ seen }) => `  ${seen}`),
    ]),
  ]
  return lines.join('\n')
}
