/** Everything that is asked, in the order of the page. */
import type { Question } from './kit/question.ts'
import { question as cost } from './cost.ts'
import { question as durable } from './durable.ts'
import { question as endToEnd } from './end-to-end.ts'
import { question as enqueue } from './enqueue.ts'
import { question as gateway } from './gateway.ts'
import { question as idle } from './idle.ts'
import { question as isolation } from './isolation.ts'
import { question as lateness } from './lateness.ts'
import { question as latency } from './latency.ts'
import { question as partitions } from './partitions.ts'
import { question as process } from './process.ts'
import { question as recovery } from './recovery.ts'
import { question as rpc } from './rpc.ts'
import { question as say } from './say.ts'
import { many, question as scale } from './scale.ts'
import { question as types } from './types.ts'

export const questions: readonly Question[] = [
  enqueue,
  process,
  endToEnd,
  latency,
  lateness,
  cost,
  idle,
  recovery,
  gateway,
  rpc,
  durable,
  scale,
  many,
  partitions,
  isolation,
  say,
  types,
]
