/** The tasks of the tests that cross the wire: one of each kind. */
import { defineTasks, task } from '@lovage/core'
import { z } from 'zod'

export const tasks = defineTasks({
  score: task({
    input: z.object({ texts: z.array(z.string()).max(10), at: z.date().optional() }),
    output: z.array(z.object({ text: z.string(), label: z.enum(['positive', 'negative']) })),
    progress: z.object({ done: z.number(), total: z.number() }),
    notices: ['started'],
  }),
  /** Takes nothing, gives nothing. */
  sweep: task(),
  mail: {
    send: task({
      name: 'send-mail',
      input: z.object({ to: z.email() }),
      output: z.map(z.string(), z.date()),
    }),
    greet: task({ input: z.object({ name: z.string().default('Bob') }).optional(), output: z.string() }),
  },
})
