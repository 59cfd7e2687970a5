/** A promise, as it can be seen to be broken in a history. Each answers what it saw, in sentences; none: it was kept. */
import type { Entry } from '../history.ts'

export type Rule = (history: readonly Entry[]) => string[]

const FINAL = new Set<string>(['succeeded', 'failed', 'cancelled', 'expired'])
export const isEnd = (type: string): boolean => FINAL.has(type)
