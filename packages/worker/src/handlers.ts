/**
 * What a module of handlers needs, and nothing else: loading it costs a pooled thread or process no Redis and no log.
 */
export { Discard, Retry } from '@lovage/core'
export { type DefinedHandlers, defineHandlers, type SomeHandlers } from './define-handlers.ts'
