/** What the worker of a partitioned queue runs, and what it says of it. */
import { defineTasks, task } from '@lovage/core'
import { z } from 'zod'

export const partitionTasks = defineTasks({
  nothing: task({ input: z.object({ text: z.string() }), output: z.object({ ok: z.boolean() }) }),
})

/** Of what came after the first fifth. */
export interface Emptied {
  perSecond: number
  cpuSeconds: number
  counted: number
}
