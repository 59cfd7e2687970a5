import { defineTasks, task } from '@lovage/core'
import { z } from 'zod'

export const tasks = defineTasks({
  nothing: task({
    input: z.object({ text: z.string() }),
    output: z.object({ ok: z.boolean() }),
    progress: z.object({ done: z.number(), total: z.number() }),
  }),
})
