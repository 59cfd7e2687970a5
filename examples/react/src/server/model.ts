// The model of the sentiment example: the one that it trained, or trained here before the first job.
import { mkdir, stat } from 'node:fs/promises'
import { readAddresses } from 'lovage-example-sentiment/corpus'
import { readLexicon } from 'lovage-example-sentiment/lexicon'
import { SentimentModel } from 'lovage-example-sentiment/model'
import { cacheDirectory, modelPath } from 'lovage-example-sentiment/settings'
import { train } from 'lovage-example-sentiment/training'

/** Takes about two seconds where there is no model yet. */
export async function readyModel(): Promise<SentimentModel> {
  const isThere = await stat(modelPath).then(
    () => true,
    () => false,
  )
  if (isThere) return SentimentModel.load(modelPath)
  const { model } = await train({ addresses: readAddresses(), lexicon: readLexicon() })
  await mkdir(cacheDirectory, { recursive: true })
  await model.save(modelPath)
  return model
}
