/** Who calls a gateway across the network: our client, tRPC's own, and frames on a raw `ws`. */
import { once } from 'node:events'
import { createJobsClient } from '@lovage/client'
import type { RouterOf } from '@lovage/server'
import { createTRPCClient, createWSClient, httpBatchLink, wsLink } from '@trpc/client'
import superjson from 'superjson'
import { WebSocket } from 'ws'
import { quantile } from '../kit/figures.ts'
import { inputOf } from '../kit/roles.ts'
import type { tasks } from './tasks.ts'

const CALLERS = 100

export interface Counts {
  /** One by one, before anything is counted. */
  warm: number
  /** One by one. */
  alone: number
  /** By all callers together, after a quarter of them that are not counted. */
  together: number
}

interface Caller {
  enqueue: () => Promise<unknown>
  /** Enqueues, and resolves with the notice of the end. */
  follow?: () => Promise<unknown>
}

const input = inputOf()

const callers = {
  lovage(port: number): Caller {
    const client = createJobsClient<RouterOf<typeof tasks>>({ url: `http://127.0.0.1:${port}/trpc` })
    return {
      enqueue: () => client.jobs.nothing.enqueue(input),
      async follow() {
        for await (const notice of await client.jobs.nothing.enqueue(input)) void notice
      },
    }
  },
  'trpc http'(port: number): Caller {
    const links = [httpBatchLink({ url: `http://127.0.0.1:${port}/trpc`, transformer: superjson })]
    const client = createTRPCClient<RouterOf<typeof tasks>>({ links })
    return { enqueue: () => client.jobs.nothing.enqueue.mutate({ input }) }
  },
  'trpc ws'(port: number): Caller {
    const socket = createWSClient({
      url: `ws://127.0.0.1:${port}/trpc`,
      WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    })
    const links = [wsLink({ client: socket, transformer: superjson })]
    const client = createTRPCClient<RouterOf<typeof tasks>>({ links })
    return { enqueue: () => client.jobs.nothing.enqueue.mutate({ input }) }
  },
  async floor(port: number): Promise<Caller> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/trpc`)
    await once(socket, 'open')
    const waiting: (() => void)[] = []
    socket.on('message', () => waiting.shift()?.())
    const frame = JSON.stringify({ enqueue: input })
    return {
      enqueue: () =>
        new Promise<void>((resolve) => {
          waiting.push(resolve)
          socket.send(frame)
        }),
    }
  },
}

export type CallerName = keyof typeof callers

export interface Waits {
  p50: number
  p99: number
}

/** Answers `enqueue` with how long one waits and how many calls a second a hundred make, `follow` with how long. */
export async function caller(name: CallerName, port: number, counts: Counts): Promise<void> {
  const { enqueue, follow } = await callers[name](port)
  const answer = async (say: 'enqueue' | 'follow'): Promise<Waits & { perSecond?: number }> => {
    if (say === 'follow')
      return follow === undefined ? { p50: Number.NaN, p99: Number.NaN } : waits(follow, counts)
    const alone = await waits(enqueue, counts)
    const all = (calls: number): Promise<unknown> =>
      Promise.all(
        Array.from({ length: CALLERS }, async () => {
          for (let n = 0; n < calls / CALLERS; n++) await enqueue()
        }),
      )
    await all(counts.together / 4)
    const from = performance.now()
    await all(counts.together)
    return { ...alone, perSecond: counts.together / ((performance.now() - from) / 1_000) }
  }
  process.on('message', ({ say }: { say: 'enqueue' | 'follow' }) => {
    void answer(say).then((answered) => process.send?.(answered))
  })
  process.send?.({})
}

async function waits(call: () => Promise<unknown>, { warm, alone }: Counts): Promise<Waits> {
  for (let n = 0; n < warm; n++) await call()
  const ms: number[] = []
  for (let n = 0; n < alone; n++) {
    const from = performance.now()
    await call()
    ms.push(performance.now() - from)
  }
  return { p50: quantile(ms, 0.5), p99: quantile(ms, 0.99) }
}
