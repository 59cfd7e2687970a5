/**
 * What does a caller across the network wait for? An enqueue by our client, and from the enqueue until the job's end
 * is known there; against tRPC's own client, and against the floor: frames on a raw `ws` to the same queue.
 *
 *   npm run bench -- rpc            ROUNDS in the environment changes it
 *
 * Gateway and worker are processes of their own; the callers are here.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createJobsClient } from '@lovage/client'
import type { RouterOf } from '@lovage/server'
import { createWorker } from '@lovage/worker'
import { createTRPCClient, createWSClient, httpBatchLink, wsLink } from '@trpc/client'
import superjson from 'superjson'
import { WebSocket } from 'ws'
import { gateways, type Gateway } from './gateway/gateways.ts'
import { tasks } from './gateway/tasks.ts'
import { input, inTurn, median, quantile, url } from './kit/rounds.ts'

const NAMESPACE = 'rpc'
const WARM = 500
const CALLS = 1_000
const CALLERS = 100
const TOGETHER = 10_000

const [role, name] = process.argv.slice(2)
interface Caller {
  enqueue: () => Promise<unknown>
  /** Enqueues, and resolves with the notice of the end. */
  follow?: () => Promise<unknown>
  close: () => unknown
}

const callers: Record<string, (port: number) => Caller | Promise<Caller>> = {
  lovage(port) {
    const client = createJobsClient<RouterOf<typeof tasks>>({ url: `http://127.0.0.1:${port}/trpc` })
    return {
      enqueue: () => client.jobs.nothing.enqueue(input),
      async follow() {
        for await (const notice of await client.jobs.nothing.enqueue(input)) void notice
      },
      close: () => client.close(),
    }
  },
  'trpc http'(port) {
    const links = [httpBatchLink({ url: `http://127.0.0.1:${port}/trpc`, transformer: superjson })]
    const client = createTRPCClient<RouterOf<typeof tasks>>({ links })
    return { enqueue: () => client.jobs.nothing.enqueue.mutate({ input }), close: () => {} }
  },
  'trpc ws'(port) {
    const socket = createWSClient({
      url: `ws://127.0.0.1:${port}/trpc`,
      WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    })
    const links = [wsLink({ client: socket, transformer: superjson })]
    const client = createTRPCClient<RouterOf<typeof tasks>>({ links })
    return { enqueue: () => client.jobs.nothing.enqueue.mutate({ input }), close: () => socket.close() }
  },
  async raw(port) {
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
      close: () => socket.terminate(),
    }
  },
}

interface Figures {
  p50: number
  p99: number
  perSecond: number
  followP50: number
  followP99: number
}

async function measure(): Promise<void> {
  const contestants = Object.fromEntries(Object.keys(callers).map((who) => [who, () => one(who)]))
  const figures = await inTurn(contestants)
  for (const [who, rounds] of Object.entries(figures)) {
    const mid = (what: keyof Figures): number => median(rounds.map((round) => round[what]))
    console.log(
      `${who.padEnd(10)} enqueue p50 ${mid('p50').toFixed(3)} p99 ${mid('p99').toFixed(3)} ms, ` +
        `${mid('perSecond').toFixed(0)} calls/s from ${CALLERS} callers` +
        (mid('followP50') > 0
          ? `; enqueue to the end's notice p50 ${mid('followP50').toFixed(3)} p99 ${mid('followP99').toFixed(3)} ms`
          : ''),
    )
  }
}

async function one(who: string): Promise<Figures> {
  const gateway = start('gateway', who === 'raw' ? 'raw' : 'lovage')
  const [{ port }] = (await once(gateway, 'message')) as [{ port: number }]
  const caller = await (callers[who] as (typeof callers)['raw'])(port)
  const enqueues = await times(caller.enqueue)
  const from = performance.now()
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      for (let n = 0; n < TOGETHER / CALLERS; n++) await caller.enqueue()
    }),
  )
  const perSecond = TOGETHER / ((performance.now() - from) / 1_000)
  let follows: number[] = [0]
  if (caller.follow !== undefined) {
    const worker = start('worker')
    await once(worker, 'message') // when all that was enqueued so far is done
    follows = await times(caller.follow)
    await end(worker)
  }
  await caller.close()
  await end(gateway)
  return {
    p50: quantile(enqueues, 0.5),
    p99: quantile(enqueues, 0.99),
    perSecond,
    followP50: quantile(follows, 0.5),
    followP99: quantile(follows, 0.99),
  }
}

async function times(call: () => Promise<unknown>): Promise<number[]> {
  for (let n = 0; n < WARM; n++) await call()
  const ms: number[] = []
  for (let n = 0; n < CALLS; n++) {
    const from = performance.now()
    await call()
    ms.push(performance.now() - from)
  }
  return ms
}

async function work(): Promise<void> {
  const expected = WARM + CALLS + TOGETHER
  let done = 0
  const worker = createWorker({
    tasks,
    redis: url,
    namespace: NAMESPACE,
    logLevel: 'silent',
    concurrency: 100,
    handlers: {
      nothing() {
        done += 1
        if (done === expected) setTimeout(() => process.send?.({}), 100) // and settled
        return { ok: true }
      },
    },
  })
  await worker.start()
}

function start(...args: string[]): ChildProcess {
  return fork(fileURLToPath(import.meta.url), args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

if (role === 'gateway') await gateways[name as Gateway](url, NAMESPACE)
else if (role === 'worker') await work()
else await measure()
