/**
 * tRPC's `.errors()` puts a generator of its own around whatever a subscription yields, which costs each of them two
 * KiB for as long as it lives. So our subscriptions answer with a stream, which it does not look into; outside of it
 * the stream is opened, and should it fail, the error is sent through `.errors()` once more.
 */

/** What is thrown by a subscription that is called again for the shape of its error. */
const FAILED = Symbol('lovage.failed')

/** Gives the error back as callers may see it. */
export type Shape = (error: unknown) => Promise<unknown>

class Stream {
  readonly open: (shape: Shape) => AsyncIterable<unknown>

  constructor(open: (shape: Shape) => AsyncIterable<unknown>) {
    this.open = open
  }
}

type Answer = { ok: true; data: unknown } | { ok: false; error: unknown }

/** A middleware, to stand before `.errors()`. */
export async function openStreams({
  next,
}: {
  next: (more?: { ctx: object }) => Promise<unknown>
}): Promise<never> {
  const answer = (await next()) as Answer
  if (!answer.ok || !(answer.data instanceof Stream)) return answer as never
  const shape = async (error: unknown): Promise<unknown> => {
    const failed = (await next({ ctx: { [FAILED]: error } })) as Answer
    return failed.ok ? error : failed.error
  }
  return { ...answer, data: answer.data.open(shape) } as never
}

/** What a subscription answers with. @param open Must be called once, and yields what the subscription does. */
export function stream<Event>(
  ctx: object,
  open: (shape: Shape) => AsyncIterable<Event>,
): AsyncIterable<Event> {
  if (FAILED in ctx) throw ctx[FAILED]
  return new Stream(open) as unknown as AsyncIterable<Event>
}
