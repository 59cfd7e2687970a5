import { Engine } from '@lovage/core'
import { openStore } from '@lovage/redis'
import { type Context, placeOf } from './context.ts'

/** Opens the queue where the options say that it is, and closes it again. */
export async function withEngine<Result>(
  { options, out }: Context,
  act: (engine: Engine) => Promise<Result>,
): Promise<Result> {
  const { redis, partitions, tasks } = await placeOf(options)
  const store = openStore({ redis: { ...redis, onWarning: out.say }, partitions })
  const engine = new Engine(tasks ?? {}, store, {
    acceptsUnknownTasks: tasks === undefined,
    onWarning: () => {}, // `lovage doctor` tells it at length
  })
  try {
    return await act(engine)
  } finally {
    await engine.close()
  }
}
