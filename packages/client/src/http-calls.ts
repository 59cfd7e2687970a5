/** Queries and mutations over HTTP: small calls of one tick share a request, large ones travel alone. */
import { anyOf } from '@lovage/core'
import { createTRPCUntypedClient, httpBatchLink, httpLink, splitLink } from '@trpc/client'
import type { TRPCDataTransformer } from '@trpc/server'
import { asLovageError } from './errors.ts'
import { isLarge } from './large.ts'
import { fetchOf, headersOf } from './requests.ts'

export interface HttpOptions {
  url: string
  fetch?: typeof fetch | undefined
  timeoutMs: number
  /** The caller's. */
  token: () => Promise<string | null>
  headers?: (() => Record<string, string> | Promise<Record<string, string>>) | undefined
  transformer: TRPCDataTransformer
}

export interface HttpCalls {
  /** @param ready What the transformer made of the input. @throws LovageError */
  send(type: 'query' | 'mutation', path: string, ready: unknown): Promise<unknown>
}

/** tRPC's own, looser idea of `fetch`. */
type TRPCFetch = NonNullable<Parameters<typeof httpLink>[0]['fetch']>

/** Together, what `large.ts` lets through is 960 KiB at most: a batch never meets a limit that its calls would not. */
const MAX_BATCH = 30
/** What proxies let pass; the names of all calls of a batch stand in the URL. */
const MAX_URL_LENGTH = 4_000

export function httpCalls(given: HttpOptions): HttpCalls {
  const { url, timeoutMs, transformer } = given
  const options = {
    url,
    headers: () => headersOf(given),
    // Inputs are serialized here, once, since their size says how they travel.
    transformer: { input: AS_IS, output: transformer },
    fetch: within(timeoutMs, fetchOf(given)) as unknown as TRPCFetch,
  }
  const client = createTRPCUntypedClient({
    links: [
      splitLink({
        condition: ({ context }) => context['isByItself'] === true,
        true: httpLink(options),
        false: httpBatchLink({ ...options, maxItems: MAX_BATCH, maxURLLength: MAX_URL_LENGTH }),
      }),
    ],
  })
  let underWay = 0
  return {
    /**
     * tRPC waits a millisecond and more for calls that could share a request. One that is made alone, with nothing
     * under way, waits for nobody.
     */
    async send(type, path, ready) {
      underWay += 1
      try {
        const isOwn = type === 'mutation' && isLarge(JSON.stringify(ready))
        await Promise.resolve() // by now all are made that were made together
        return await client[type](path, ready, { context: { isByItself: isOwn || underWay === 1 } })
      } catch (error) {
        throw asLovageError(error, url, causeOf(error))
      } finally {
        underWay -= 1
      }
    },
  }
}

/** The deepest reason, since the outer ones say no more than `fetch failed`. */
function causeOf(error: unknown): string {
  const { message, meta } = error as Error & { meta?: { response?: { status?: unknown } } }
  const status = meta?.response?.status
  if (typeof status === 'number') return `it answered ${status}: ${message}`
  let reason: unknown = error
  while (reason instanceof Error && reason.cause instanceof Error) reason = reason.cause
  // Several attempts that failed together have a code and no message of their own.
  const { message: deepest, code } = reason as { message: string; code?: string }
  return deepest !== '' ? deepest : (code ?? message)
}

const AS_IS: TRPCDataTransformer = { serialize: (ready) => ready, deserialize: (ready) => ready }

/** A server that accepts a request and never answers is as bad as none. */
const within =
  (timeoutMs: number, send: typeof fetch): typeof fetch =>
  (input, init) => {
    const timeout = AbortSignal.timeout(timeoutMs)
    // Node 20 collects one to which nobody listens, though another signal is made of it, and with it the timeout.
    timeout.addEventListener('abort', () => {})
    return send(input, { ...init, signal: anyOf(timeout, init?.signal ?? undefined) })
  }
