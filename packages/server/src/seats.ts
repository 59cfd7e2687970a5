/**
 * How many subscriptions one connection may hold. tRPC calls `createContext` once for each socket, and procedures
 * see the context but not the socket; so the count travels in the context.
 */
import { LovageError } from '@lovage/core'

/** What a page of a busy application follows at once, several times over; more belongs into one feed. */
export const DEFAULT_MAX_SUBSCRIPTIONS = 100

/** A symbol, so that it stays when a middleware spreads the context; registered, so that two copies of this package agree. */
const SEATS = Symbol.for('lovage.seats')

interface Seats {
  readonly max: number
  taken: number
}

/**
 * Wraps a `createContext`, so that each connection gets at most `max` subscriptions of jobs routers; one more fails
 * with `TOO_MANY_SUBSCRIPTIONS`. `serve` does this by itself; with a websocket adapter of your own:
 *
 * @example applyWSSHandler({ wss, router, createContext: limitSubscriptions(createContext) })
 */
export function limitSubscriptions<Options, Context extends object>(
  createContext: (options: Options) => Context | Promise<Context>,
  max: number = DEFAULT_MAX_SUBSCRIPTIONS,
): (options: Options) => Promise<Context> {
  return async (options) => {
    const context = (await createContext(options)) ?? ({} as Context)
    const seats: PropertyDescriptor = { value: { max, taken: 0 } satisfies Seats, enumerable: true }
    // The context itself where that is possible: a copy would lose the private fields of a class. One that has seats
    // already is shared between connections, which must not share their seats.
    const isFresh = Object.isExtensible(context) && !Object.hasOwn(context, SEATS)
    const target = isFresh ? context : copyOf(context)
    return Object.defineProperty(target, SEATS, seats)
  }
}

function copyOf<Context extends object>(context: Context): Context {
  const { [SEATS]: _, ...descriptors } = Object.getOwnPropertyDescriptors(context) as Record<
    PropertyKey,
    PropertyDescriptor
  >
  return Object.create(Object.getPrototypeOf(context) as object | null, descriptors) as Context
}

/**
 * Takes one of the connection's seats, where they are counted. The returned function gives it back.
 *
 * @throws LovageError `TOO_MANY_SUBSCRIPTIONS`
 */
export function takeSeat(context: unknown): () => void {
  const seats = (context as { [SEATS]?: Seats } | null | undefined)?.[SEATS]
  if (seats === undefined) return () => {}
  if (seats.taken >= seats.max) throw new LovageError('TOO_MANY_SUBSCRIPTIONS', { max: seats.max })
  seats.taken += 1
  return () => {
    seats.taken -= 1
  }
}
