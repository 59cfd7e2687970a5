/**
 * tRPC passes a call from middleware to middleware through copies of all there is to know of it, made property by property
 * by a helper of its compiler: with four of them a fifth of what a call costs a gateway. Here they are one for tRPC, and
 * the copies between them are the engine's own.
 */
import { getTRPCErrorFromUnknown, type TRPCRouterRecord } from '@trpc/server'

interface More {
  ctx?: object
  input?: unknown
  getRawInput?: () => Promise<unknown>
}

/** What a middleware is called with. */
interface Options extends More {
  next: (more?: More) => Promise<unknown>
}

type Middleware = (options: Options) => Promise<unknown>

/** Makes one middleware of those of each procedure. */
export function flattened(record: TRPCRouterRecord): void {
  for (const entry of Object.values(record)) {
    if (typeof entry !== 'function') flattened(entry)
    else {
      const { _def } = entry as unknown as { _def: { middlewares: Middleware[] } }
      _def.middlewares = [inOne(_def.middlewares)]
    }
  }
}

/** As tRPC calls them: what one throws is an answer to the one before it. */
function inOne(all: readonly Middleware[]): Middleware {
  const run = async (index: number, options: Options): Promise<unknown> => {
    try {
      return await (all[index] as Middleware)({
        ...options,
        next: (more) => run(index + 1, more === undefined ? options : passedOn(options, more)),
      })
    } catch (error) {
      return { ok: false, error: getTRPCErrorFromUnknown(error), marker: 'middlewareMarker' }
    }
  }
  return (options) => run(0, options)
}

const passedOn = (options: Options, more: More): Options => {
  return {
    ...options,
    ...('ctx' in more && { ctx: { ...options.ctx, ...more.ctx } }),
    ...('input' in more && { input: more.input }),
    ...(more.getRawInput && { getRawInput: more.getRawInput }),
  }
}
