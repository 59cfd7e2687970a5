/**
 * A process that plays one role of one peer: `node player.js bee-queue worker redis://…`. It reads requests as lines of
 * JSON from stdin and answers on its descriptor 3, and ends when stdin does.
 */
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import type { NodePeer, Peer, Place } from '../peers/peer.ts'
import { Counter } from './counting.ts'
import { producer } from './producing.ts'
import {
  type Handler,
  type Input,
  type Listener,
  OUTPUT,
  type Role,
  type Roles,
  type Worker,
} from './roles.ts'

const load: Record<NodePeer, () => Promise<{ peer: Peer }>> = {
  lovage: () => import('../peers/lovage.ts'),
  bullmq: () => import('../peers/bullmq.ts'),
  'bee-queue': () => import('../peers/bee-queue.ts'),
  groupmq: () => import('../peers/groupmq.ts'),
  floor: () => import('../peers/floor.ts'),
}

const [name, role, url] = process.argv.slice(2) as [NodePeer, Role, string]
const { hostname, port } = new URL(url)
const place: Place = { url, host: hostname, port: Number(port) }
const { peer } = await load[name]()

const parts: { [R in Role]: () => Roles[R] | Promise<Roles[R]> } = {
  producer: async () => producer(await peer.producer(place)),
  worker,
  listener,
}

function worker(): Worker {
  const ended = new Counter()
  const begun = new Counter()
  const late: number[] = []
  const handlers = (handler: Handler): ((input: Input) => unknown) => {
    switch (handler.does) {
      case 'nothing':
        return () => OUTPUT
      case 'wait':
        return () => pause(handler.ms, OUTPUT)
      case 'never':
        return () => new Promise(() => {})
      case 'late':
        return ({ dueAt }) => {
          late.push(Date.now() - (dueAt as number))
          return OUTPUT
        }
    }
  }
  return {
    start({ concurrency, handler, queues = 1 }) {
      const act = handlers(handler)
      const handle = (input: Input): unknown => {
        begun.hit()
        return act(input)
      }
      return peer.worker(place, { concurrency, handle, queues, completed: ended.hit })
    },
    span: (options) => ended.span(options),
    run: (budget) => ended.run(budget),
    ended: () => Promise.resolve(ended.count),
    begun: (count) => begun.reaches(count),
    late: () => Promise.resolve(late),
  }
}

function listener(): Listener {
  const heard = new Counter()
  return {
    async start() {
      if (peer.listener === undefined) throw new Error('has no notices')
      await peer.listener(place, heard.hit)
    },
    span: (options) => heard.span(options),
    heard: () => Promise.resolve(heard.count),
  }
}

interface Request {
  n: number
  method: string
  args: unknown[]
}

const part = (await parts[role]()) as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
const answers = new Socket({ fd: 3 })
const answer = async ({ n, method, args }: Request): Promise<void> => {
  const outcome = await Promise.resolve(part[method]?.(...args)).then(
    (value) => {
      return { n, value }
    },
    (error: unknown) => {
      return { n, error: error instanceof Error ? error.message : String(error) }
    },
  )
  answers.write(`${JSON.stringify(outcome)}\n`)
}
const requests = createInterface(process.stdin)
requests.on('line', (line) => void answer(JSON.parse(line) as Request))
requests.on('close', () => process.exit())
answers.write('{"n":0}\n')
