/**
 * tRPC passes a call from middleware to middleware through copies of all there is to know of it, made property by property
 * by a helper of its compiler: with four of them a fifth of what a call costs a gateway. Here they are one for tRPC, and
 * the copies between them are the engine's own. Whoever knows of it, as our sockets do, calls that one without tRPC.
 */
import {
  getTRPCErrorFromUnknown,
  TRPCError,
  type TRPCProcedureType,
  type TRPCRouterRecord,
} from '@trpc/server'

interface More {
  ctx?: object
  input?: unknown
  getRawInput?: () => Promise<unknown>
}

/** What is known of a call. */
interface CallOptions extends More {
  type: TRPCProcedureType
  path: string
  batchIndex: number
  signal: AbortSignal | undefined
}

/** What a middleware is called with. */
interface Options extends More {
  next: (more?: More) => Promise<unknown>
}

type Middleware = (options: Options) => Promise<unknown>

/** A procedure that can be called without tRPC. */
export interface Direct {
  readonly type: TRPCProcedureType
  /** Whether somebody may look at the signal of a call that is no subscription. */
  readonly wantsSignal: boolean
  call(options: CallOptions): Promise<unknown>
}

type Answer = { ok: true; data: unknown } | { ok: false; error: TRPCError } | undefined

const directs = new WeakMap<object, Direct>()

export const directOf = (procedure: unknown): Direct | undefined => directs.get(procedure as object)

/** Middlewares that do not look at the signal of a call. */
const signalless = new WeakSet<object>()

export function withoutSignal(middlewares: readonly object[]): void {
  for (const each of middlewares) signalless.add(each)
}

/**
 * Makes one middleware of those of each procedure.
 *
 * @param before Those that all procedures begin with, which are the user's.
 */
export function flattened(record: TRPCRouterRecord, before: readonly object[]): void {
  const wantsSignal = !before.every((each) => signalless.has(each))
  for (const entry of Object.values(record)) {
    if (typeof entry !== 'function') flattened(entry, before)
    else {
      const { _def } = entry as unknown as {
        _def: { middlewares: Middleware[]; meta: unknown; type: TRPCProcedureType }
      }
      const { meta, type } = _def
      const one = inOne(_def.middlewares)
      _def.middlewares = [one]
      const next = (): never => {
        throw new TypeError('there is no middleware behind the last')
      }
      directs.set(entry, {
        type,
        wantsSignal,
        async call(options) {
          const answer = (await one({ ...options, meta, next } as Options)) as Answer
          if (answer?.ok === true) return answer.data
          throw answer === undefined ? new TRPCError(NO_ANSWER) : answer.error
        },
      })
    }
  }
}

const NO_ANSWER = {
  code: 'INTERNAL_SERVER_ERROR',
  message: 'No result from middlewares - did you forget to `return next()`?',
} as const

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
