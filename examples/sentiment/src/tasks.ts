// The contract that API, worker and client share. It holds no server code, so a browser may import it.
import { defineTasks, task } from '@lovage/core'
import { z } from 'zod'

const share = z.number().min(0).max(1)

export const tasks = defineTasks({
  /** Scores each text, in order. */
  batchScore: task({
    input: z.object({ texts: z.array(z.string()).max(10_000) }),
    output: z.array(z.object({ score: share, label: z.enum(['positive', 'negative']) })),
    progress: z.object({ done: z.number(), total: z.number() }),
    retry: { attempts: 3 },
    timeLimit: '5m',
    resultTtl: '1h',
  }),
  /** Trains from scratch and puts the new model in place of the old. */
  retrain: task({
    output: z.object({
      sentences: z.number(),
      trainedOn: z.number(),
      vocabulary: z.number(),
      heldOut: z.object({ sentences: z.number(), accuracy: share, accuracyFromContext: share }),
    }),
    progress: z.object({
      phase: z.enum(['reading', 'learning']),
      done: z.number(),
      total: z.number(),
      accuracy: share.optional(),
    }),
    retry: { attempts: 1 },
    resultTtl: '1h',
  }),
})
