// The contract. The page imports its types alone, by way of the router's.
import { defineTasks, task } from '@lovage/core'
import { z } from 'zod'

const share = z.number().min(0).max(1)
const Line = z.object({ text: z.string(), score: share })
const Progress = z.object({ title: z.string(), done: z.number(), total: z.number() })

const Mood = z.object({
  title: z.string(),
  sentences: z.number(),
  /** How many of the sentences are positive. */
  positive: z.number(),
  brightest: Line,
  darkest: Line,
})

/** A page that was closed for a night still finds its results. `queued` and `started` make lists live, too. */
const common = { progress: Progress, resultTtl: '24h', notices: ['queued', 'started'] } as const

export const tasks = defineTasks({
  /** Scores one State of the Union address, known by its place in the catalogue. */
  scoreAddress: task({
    ...common,
    input: z.object({ address: z.number().int().min(0) }),
    output: Mood.extend({ year: z.number(), president: z.string() }),
  }),
  /** Scores texts, one by one. A text with `[fail]` in it fails the job, so that a failure can be seen. */
  scoreTexts: task({
    ...common,
    input: z.object({
      title: z.string().min(1).max(80),
      texts: z.array(z.string().min(1).max(2_000)).min(1).max(5_000),
    }),
    output: Mood.extend({
      /** The first texts with their scores; all of them would be a document, and no result. */
      first: z.array(Line).max(50),
    }),
  }),
})
