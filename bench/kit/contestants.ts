/** The usual contestants, in the order of the columns. */
import type { NodePeer } from '../peers/peer.ts'
import type { Measure } from './question.ts'
import type { Stage } from './stage.ts'

export type Name = NodePeer | 'celery'
const NAMES: readonly Name[] = ['lovage', 'bullmq', 'bee-queue', 'groupmq', 'celery', 'floor']

/** A round for each, and for some of them why not. Knows them all, so that nobody is forgotten. */
export function each(
  round: (stage: Stage, who: Name) => Promise<Readonly<Record<string, number>>>,
  absent: Partial<Record<Name, string>> = {},
): Measure['contestants'] {
  return Object.fromEntries(
    NAMES.map((name) => [name, absent[name] ?? ((stage: Stage) => round(stage, name))]),
  )
}
