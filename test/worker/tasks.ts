/** The tasks that the tests of the worker run. */
import { defineTasks, task } from '@lovage/core'
import { z } from 'zod'

export const tasks = defineTasks({
  /** Takes a text, and returns it longer. */
  greet: task({ input: z.object({ name: z.string().default('Bob') }), output: z.string() }),
  /** Returns nothing. */
  touch: task({ input: z.number().optional() }),
  /** Reports how far it is. */
  climb: task({ output: z.string(), progress: z.object({ step: z.number() }), notices: ['started'] }),
  mail: {
    /** Has a policy of its own. */
    send: task({
      input: z.string(),
      retry: { attempts: 2, backoff: { type: 'fixed', delay: '10s' } },
      timeLimit: '30s',
      resultTtl: '1h',
    }),
  },
})
