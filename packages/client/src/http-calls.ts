/** Queries and mutations over HTTP: small calls of one tick share a request, large ones travel alone. */
import {
  createTRPCUntypedClient,
  httpBatchLink,
  httpLink,
  splitLink,
  type TRPCUntypedClient,
} from '@trpc/client'
import type { AnyTRPCRouter, TRPCDataTransformer } from '@trpc/server'
import { asLovageError } from './errors.ts'

export interface HttpOptions {
  url: string
  fetch: typeof fetch
  timeoutMs: number
  headers: () => Promise<Record<string, string>>
  transformer: TRPCDataTransformer
}

/** tRPC's own, looser idea of `fetch`. */
type TRPCFetch = NonNullable<Parameters<typeof httpLink>[0]['fetch']>

/** Together at most 960 KiB, so that a batch never meets a server's limit of 1 MiB where its calls would not. */
const MAX_BATCH = 30
const LARGE_BYTES = 32_768
/** What proxies let pass; the names of all calls of a batch stand in the URL. */
const MAX_URL_LENGTH = 4_000

export class HttpCalls {
  readonly #client: TRPCUntypedClient<AnyTRPCRouter>
  readonly #url: string
  #underWay = 0

  constructor({ url, fetch, timeoutMs, headers, transformer }: HttpOptions) {
    this.#url = url
    const options = { url, headers, transformer, fetch: within(timeoutMs, fetch) as unknown as TRPCFetch }
    this.#client = createTRPCUntypedClient({
      links: [
        splitLink({
          condition: ({ context }) => context['isByItself'] === true,
          true: httpLink(options),
          false: httpBatchLink({ ...options, maxItems: MAX_BATCH, maxURLLength: MAX_URL_LENGTH }),
        }),
      ],
    })
  }

  async query(path: string, input: object): Promise<unknown> {
    return await this.#send((context) => this.#client.query(path, input, { context }), false)
  }

  /** @param bytes About how large the input is. */
  async mutate(path: string, input: object, bytes: number): Promise<unknown> {
    return await this.#send((context) => this.#client.mutation(path, input, { context }), bytes > LARGE_BYTES)
  }

  /**
   * tRPC waits a millisecond and more for calls that could share a request. One that is made alone, with nothing
   * under way, waits for nobody.
   */
  async #send(
    call: (context: { isByItself: boolean }) => Promise<unknown>,
    isLarge: boolean,
  ): Promise<unknown> {
    this.#underWay += 1
    try {
      await Promise.resolve() // by now all are made that were made together
      return await call({ isByItself: isLarge || this.#underWay === 1 })
    } catch (error) {
      return this.#rethrow(error)
    } finally {
      this.#underWay -= 1
    }
  }

  #rethrow = (error: unknown): never => {
    throw asLovageError(error, this.#url)
  }
}

/** A server that accepts a request and never answers is as bad as none. */
function within(timeoutMs: number, send: typeof fetch): typeof fetch {
  return (input, init) => {
    const deadline = AbortSignal.timeout(timeoutMs)
    return send(input, {
      ...init,
      signal: init?.signal ? AbortSignal.any([init.signal, deadline]) : deadline,
    })
  }
}
