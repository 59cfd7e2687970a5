import { Engine } from '@lovage/core'
import { createRedisStore } from '@lovage/redis'
import { type Context, placeOf } from './context.ts'

/** Opens the queue where the options say that it is, and closes it again. */
export async function withEngine<Result>(
  { options, out }: Context,
  act: (engine: Engine) => Promise<Result>,
): Promise<Result> {
  const { redis, tasks } = await placeOf(options)
  const engine = new Engine(tasks ?? {}, createRedisStore({ ...redis, onWarning: out.say }), {
    acceptsUnknownTasks: tasks === undefined,
    onWarning: () => {}, // `lovage doctor` tells it at length
  })
  try {
    return await act(engine)
  } finally {
    await engine.close()
  }
}
