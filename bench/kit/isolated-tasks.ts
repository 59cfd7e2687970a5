/** The same tasks inline, in a thread and in a process. */
import { defineTasks, type Isolation, task } from '@lovage/core'
import { z } from 'zod'

const branch = <const I extends Isolation>(isolation: I) => ({
  nothing: task({ isolation, input: z.object({ text: z.string() }), output: z.object({ ok: z.boolean() }) }),
  /** Ends when its signal says so. */
  heed: task({ isolation }),
  /** Computes without end. */
  spin: task({ isolation, retry: { attempts: 1 } }),
})

export const isolatedTasks = defineTasks({
  inline: branch('inline'),
  thread: branch('thread'),
  process: branch('process'),
})
