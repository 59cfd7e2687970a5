// What the worker runs. The compiler checks each function against its task: input, progress and result.
import { stat } from 'node:fs/promises'
import type { Handlers } from '@lovage/core'
import { readAddresses } from './corpus.ts'
import { readLexicon } from './lexicon.ts'
import { type Score, SentimentModel } from './model.ts'
import type { tasks } from './tasks.ts'
import { train } from './training.ts'
import { takeTurns } from './turns.ts'

/** @param modelPath  Where `retrain` saves the model and `batchScore` finds it. */
export function createHandlers(modelPath: string): Handlers<typeof tasks> {
  let kept: { model: SentimentModel; savedAtMs: number } | undefined

  /** Looks at the file each time: another worker may have retrained. */
  async function current(): Promise<SentimentModel> {
    const { mtimeMs: savedAtMs } = await stat(modelPath)
    if (kept?.savedAtMs !== savedAtMs) kept = { model: await SentimentModel.load(modelPath), savedAtMs }
    return kept.model
  }

  return {
    async batchScore({ texts }, { progress, signal }) {
      const model = await current()
      const turn = takeTurns(signal)
      const scores: Score[] = []
      for (const text of texts) {
        scores.push(model.score(text))
        const pause = turn()
        if (pause === undefined) continue
        progress({ done: scores.length, total: texts.length })
        await pause
      }
      return scores
    },

    async retrain(_, { progress, signal }) {
      const trained = await train({
        addresses: readAddresses(),
        lexicon: readLexicon(),
        signal,
        onProgress: progress,
      })
      await trained.model.save(modelPath)
      kept = { model: trained.model, savedAtMs: (await stat(modelPath)).mtimeMs }
      return trained.stats
    },
  }
}
