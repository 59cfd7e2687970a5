// The contract: one task, which counts the words of texts.
import { defineTasks, task } from '@lovage/core'
import { z } from 'zod'

export const tasks = defineTasks({
  countWords: task({
    input: z.object({ texts: z.array(z.string()).max(1_000) }),
    output: z.object({ words: z.number() }),
    progress: z.object({ done: z.number(), total: z.number() }),
  }),
})
