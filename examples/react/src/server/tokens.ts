// Tokens that run out: whose it is and until when, signed. Yours would come from whoever signs your users in.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { secret, tokenMs } from './settings.ts'

export interface Session {
  readonly user: string
  /** Unix ms. */
  readonly expiresAt: number
}

const signed = (text: string): string => createHmac('sha256', secret).update(text).digest('base64url')

export function issueToken(user: string): { token: string; lifeMs: number } {
  const text = `${user}.${Date.now() + tokenMs}`
  return { token: `${text}.${signed(text)}`, lifeMs: tokenMs }
}

/** `null`: it is not ours, or it has run out. */
export function sessionOf(token: string | null): Session | null {
  const [user = '', end = '', signature = ''] = token?.split('.') ?? []
  const [ours, theirs] = [signed(`${user}.${end}`), signature].map((text) => Buffer.from(text))
  if (ours?.length !== theirs?.length || !timingSafeEqual(ours!, theirs!)) return null
  const expiresAt = Number(end)
  return Date.now() < expiresAt ? { user, expiresAt } : null
}
