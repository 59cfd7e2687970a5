/** Calls by HTTP, whose code is loaded with the first of them: most pages make none, and tRPC's links are 10 kB. */
import type { HttpCalls, HttpOptions } from './http-calls.ts'
import { lazy, type Loading } from './lazy.ts'

export function httpLater(options: HttpOptions, loading: Loading): HttpCalls {
  const load = lazy(async () => (await import('./http-calls.ts')).httpCalls(options))
  return {
    async send(...call) {
      return await (await load(loading)).send(...call)
    },
  }
}
