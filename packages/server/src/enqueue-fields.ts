/**
 * What of the options of an enqueue a caller from outside may say. Never owner, queue, key and the rules between jobs:
 * with those somebody could take the turns of others. What a task limits he may only limit further.
 */
import type { AnyTask } from '@lovage/core'
import * as field from './envelope.ts'
import { optional } from './envelope.ts'
import type { Kit } from './resolvers.ts'

export function enqueueFields({ maxPriority }: Kit, task: AnyTask) {
  return {
    id: optional(field.id),
    idempotencyKey: optional(field.idempotencyKey),
    delay: optional(field.delay),
    runAt: optional(field.moment),
    expiresIn: optional(field.delay),
    priority: optional(field.priority(maxPriority ?? task.rules?.priority ?? 0)),
    attempts: optional(field.attempts(task.retry.attempts)),
    timeLimit: optional(field.timeLimit(task.timeLimitMs)),
    tags: optional(field.tags),
    metadata: optional(field.metadata),
    trace: optional(field.trace),
  }
}
