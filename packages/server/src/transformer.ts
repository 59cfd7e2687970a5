/** The transformer of a router, which is not asked about what is plain: superjson would look at it several times, and only put it in an envelope. */
import type { TRPCCombinedDataTransformer } from '@trpc/server'
import superjson from 'superjson'
import { isPlain } from './plain.ts'

const SUPERJSON: unknown = superjson

/** @param value What is to be sent. @returns It as text that stands in a message; `undefined` for what JSON does not say. */
export function textOf({ output }: TRPCCombinedDataTransformer, value: unknown): string | undefined {
  if (output !== SUPERJSON || !isPlain(value)) return JSON.stringify(output.serialize(value))
  return `{"json":${JSON.stringify(value)}}`
}

/** Reads what was sent; an envelope with nothing in it that JSON does not say is opened here. */
export function reading(transformer: TRPCCombinedDataTransformer): TRPCCombinedDataTransformer {
  const { input, output } = transformer
  if (input !== SUPERJSON) return transformer
  const deserialize = (sent: unknown): unknown => (isBare(sent) ? sent.json : input.deserialize(sent))
  return { input: { ...input, deserialize }, output }
}

const isBare = (sent: unknown): sent is { json: unknown } =>
  typeof sent === 'object' && sent !== null && 'json' in sent && !('meta' in sent)
