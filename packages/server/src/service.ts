/** What all sockets of a server have in common: the router that they talk to, and how its procedures and its errors are come by. */
import {
  type AnyTRPCRouter,
  callTRPCProcedure,
  getTRPCErrorFromUnknown,
  getTRPCErrorShape,
  type TRPCCombinedDataTransformer,
  type TRPCError,
  type TRPCErrorShape,
  type TRPCProcedureType,
} from '@trpc/server'
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc'
import { type Direct, directOf } from './flat.ts'
import { reading } from './transformer.ts'

/** A call, as errors tell of it. */
export interface Call {
  type: TRPCProcedureType | 'unknown'
  path: string | undefined
  input: unknown
}

/** What has gone wrong with no call in particular. */
export const NO_CALL: Call = { type: 'unknown', path: undefined, input: undefined }

export interface Called {
  ctx: object
  type: TRPCProcedureType
  path: string
  input: unknown
  batchIndex: number
}

/** What a client is told whose error cannot be told: nothing of it, as tRPC does. */
export const UNTOLD: TRPCErrorShape = {
  code: TRPC_ERROR_CODES_BY_KEY.INTERNAL_SERVER_ERROR,
  message: 'Internal server error',
  data: { code: 'INTERNAL_SERVER_ERROR', httpStatus: 500 },
}

export interface ServiceOptions {
  router: AnyTRPCRouter
  maxBatch: number
  /** Told of each error of a call. */
  onError: (error: TRPCError, path: string | undefined) => unknown
}

export class Service {
  readonly transformer: TRPCCombinedDataTransformer
  readonly maxBatch: number
  readonly #router: AnyTRPCRouter
  readonly #onError: ServiceOptions['onError']
  readonly #direct = new Map<string, Direct>()

  constructor({ router, maxBatch, onError }: ServiceOptions) {
    this.transformer = reading(router._def._config.transformer)
    this.maxBatch = maxBatch
    this.#router = router
    this.#onError = onError
  }

  /** Calls a procedure: ours without what tRPC does around them, which it does for each call anew. */
  call({ ctx, type, path, input, batchIndex }: Called, signal: AbortSignal | undefined): Promise<unknown> {
    const getRawInput = (): Promise<unknown> => Promise.resolve(input)
    const direct = this.#directAt(path)
    // Each call has a signal of its own, as with tRPC: whoever listens to it would be kept by one that lives longer.
    const own = signal ?? (direct?.wantsSignal === false ? undefined : new AbortController().signal)
    const options = { ctx, type, path, getRawInput, batchIndex, signal: own }
    if (direct?.type === type) return direct.call(options)
    return callTRPCProcedure({ router: this.#router, ...options })
  }

  /** Reports an error. One whose handler throws is not ours to answer for. */
  report(cause: unknown, path: string | undefined): TRPCError {
    const error = getTRPCErrorFromUnknown(cause)
    try {
      const told = this.#onError(error, path)
      if (told instanceof Promise) told.catch(() => {})
    } catch {
      // as above
    }
    return error
  }

  /** An error as its caller may see it. */
  shapeOf(error: TRPCError, call: Call, ctx: object | undefined): unknown {
    try {
      return getTRPCErrorShape({ config: this.#router._def._config, error, ctx, ...call })
    } catch (cause) {
      this.report(cause, call.path)
      return UNTOLD
    }
  }

  #directAt(path: string): Direct | undefined {
    let direct = this.#direct.get(path)
    if (direct === undefined) {
      const { procedures } = this.#router._def as { procedures: Record<string, unknown> }
      direct = Object.hasOwn(procedures, path) ? directOf(procedures[path]) : undefined
      if (direct !== undefined) this.#direct.set(path, direct)
    }
    return direct
  }
}
