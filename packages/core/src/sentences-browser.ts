/**
 * The sentences of errors that a client makes itself and that cannot wait. Whatever a server says comes with its
 * sentence, and a page should not pay for it twice; those of `sentences-late.ts` are loaded with the first such error.
 */
import type { ErrorCode, ErrorDetails } from './errors.ts'

export type Sentences = { readonly [C in ErrorCode]: (details: ErrorDetails[C]) => string }

export const sentences = {
  OPTION_INVALID: (d) => `The option ${d.option} is ${d.seen}; expected ${d.expected}.`,
  TOO_MANY_SUBSCRIPTIONS: (d) =>
    `This connection has ${d.max} subscriptions already, which is the most allowed.`,
  DISCONNECTED: (d) => `The connection to ${d.url} failed: ${d.cause}`,
  CLOSED: (d) => `${d.what} is closed.`,
} satisfies Partial<Sentences>

/** Where they cannot be loaded, an error says its code and its details. */
export async function loadSentences(): Promise<void> {
  const more = await import('./sentences-late.ts').catch(() => undefined)
  Object.assign(sentences, more?.sentences)
}
