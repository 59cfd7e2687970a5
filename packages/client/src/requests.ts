/** What requests are made with: those of calls by HTTP, and of Server-Sent Events. */
import type { HttpOptions } from './http-calls.ts'

export const fetchOf = ({ fetch = (...args) => globalThis.fetch(...args) }: HttpOptions): typeof fetch =>
  fetch

/** Those of the caller, and his token. */
export async function headersOf({ token, headers }: HttpOptions): Promise<Record<string, string>> {
  const own = await token()
  return { ...(await headers?.()), ...(own && { authorization: `Bearer ${own}` }) }
}
