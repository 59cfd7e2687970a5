/** Calls by HTTP, whose code is loaded with the first of them: most pages make none, and tRPC's links are 10 kB. */
import { LovageError } from '@lovage/core'
import type { HttpCalls, HttpOptions } from './http-calls.ts'

export function httpLater(options: HttpOptions): HttpCalls {
  let loading: Promise<HttpCalls> | undefined
  async function load(): Promise<HttpCalls> {
    try {
      const { httpCalls } = await import('./http-calls.ts')
      return httpCalls(options)
    } catch (cause) {
      loading = undefined // the next call tries again
      throw new LovageError('DISCONNECTED', { url: options.url, cause: (cause as Error).message }, { cause })
    }
  }
  return {
    async send(...call) {
      return await (await (loading ??= load())).send(...call)
    },
  }
}
