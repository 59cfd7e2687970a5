// Each home on a free port, with a worker beside it: enqueued, followed, and the result taken.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type JobContext, type Notice, type Queue, queueOver } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { createWorker } from '@lovage/worker'
import { incomingMessageToRequest } from '@trpc/server/adapters/node-http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createBareClient } from './bare-client.ts'
import { startExpress } from './express.ts'
import { startFastify } from './fastify.ts'
import { createFetchHandler } from './fetch.ts'
import { tasks } from './tasks.ts'

interface Home {
  url: string
  close(): Promise<unknown>
}

const script = fileURLToPath(new URL('../dist/script.js', import.meta.url))
const texts = ['four score and seven', 'years ago']
const wordsOf = (all: readonly string[]): number => all.flatMap((text) => text.split(' ')).length

let queue: Queue<typeof tasks>
/** What the worker runs between its first report and its last. */
let pause: (context: Pick<JobContext, 'signal'>) => Promise<void>
const cleanUps: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  pause = async () => {}
  const store = createMemoryStore()
  queue = queueOver(tasks, store)
  const worker = createWorker({
    tasks,
    store,
    logLevel: 'silent',
    handlers: {
      async countWords(input, { progress, signal }) {
        progress({ done: 0, total: input.texts.length })
        await pause({ signal })
        progress({ done: input.texts.length, total: input.texts.length })
        return { words: wordsOf(input.texts) }
      },
    },
  })
  await worker.start()
  cleanUps.push(
    () => queue.close(),
    () => worker.stop({ timeout: 0 }),
  )
})

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function at(start: (queue: Queue<typeof tasks>) => Promise<Home>): Promise<Home> {
  const home = await start(queue)
  cleanUps.push(() => home.close())
  return home
}

/** What Next.js does around a fetch handler, in so far as it matters here. */
async function startFetch(ofTasks: Queue<typeof tasks>): Promise<Home & { server: Server }> {
  const handler = createFetchHandler(ofTasks, '/api/trpc')
  const server = createServer((req, res) => {
    void handler(incomingMessageToRequest(req, res, { maxBodySize: null }))
      .then((response) => {
        res.writeHead(response.status, Object.fromEntries(response.headers))
        res.flushHeaders()
        return pipeline(Readable.fromWeb(response.body as never), res)
      })
      .catch(() => res.destroy()) // the other side left
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  async function close(): Promise<void> {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/trpc`, server, close }
}

/** Follows over Server-Sent Events to the end. */
async function follow(
  trpc: ReturnType<typeof createBareClient>,
  ticket: { id: string; cursor: string },
  onNotice: (notice: Notice) => void = () => {},
): Promise<Notice[]> {
  const notices: Notice[] = []
  return await new Promise((resolve, reject) => {
    const input = { id: ticket.id, from: ticket.cursor }
    trpc.jobs.countWords.notices.subscribe(input, {
      onData({ data }) {
        notices.push(data)
        onNotice(data)
      },
      onError: reject,
      onComplete: () => resolve(notices),
    })
  })
}

const homes = { Express: startExpress, Fastify: startFastify }

describe.each(Object.entries(homes))('%s', (_, start) => {
  test('a script enqueues, follows over a websocket and gets its result', async () => {
    const { url } = await at(start)
    const { stdout } = await promisify(execFile)(process.execPath, [script, url, 'ada', ...texts])
    expect(stdout).toMatch(/^enqueued [\da-f-]{36}\n/)
    expect(stdout).toMatch(/progress 2\/2\nsucceeded\n6 words\n$/)
  })
})

describe.each(Object.entries({ ...homes, 'a fetch handler': startFetch }))('%s', (_, start) => {
  test('a bare tRPC client enqueues, follows over an event stream and gets its result', async () => {
    const { url } = await at(start)
    const trpc = createBareClient(url, 'ada')
    const ticket = await trpc.jobs.countWords.enqueue.mutate({ input: { texts } })
    const notices = await follow(trpc, ticket)
    expect(notices.filter(({ type }) => type === 'progress').at(-1)).toMatchObject({
      data: { done: 2, total: 2 },
    })
    expect(notices.at(-1)).toMatchObject({ type: 'succeeded', jobId: ticket.id, result: { words: 6 } })
    const job = await trpc.jobs.countWords.get.query({ id: ticket.id })
    expect(job).toMatchObject({ state: 'succeeded', result: { words: 6 } })
  })

  test('nobody gets in without a token, and nobody sees the job of another', async () => {
    const { url } = await at(start)
    const ticket = await createBareClient(url, 'ada').jobs.countWords.enqueue.mutate({ input: { texts } })
    const grace = createBareClient(url, 'grace')
    await expect(grace.jobs.get.query({ id: ticket.id })).rejects.toMatchObject({
      data: { code: 'NOT_FOUND', lovage: { code: 'NOT_FOUND' } },
    })
    await expect(follow(grace, ticket)).rejects.toMatchObject({ data: { lovage: { code: 'NOT_FOUND' } } })
    await expect(createBareClient(url, '').jobs.get.query({ id: ticket.id })).rejects.toMatchObject({
      data: { code: 'UNAUTHORIZED' },
    })
  })
})

test('an event stream that is cut goes on where it was: every notice once, in order', async () => {
  let letGo = (): void => {}
  const gate = new Promise<void>((resolve) => (letGo = resolve))
  pause = () => gate
  const { url, server } = await startFetch(queue)
  cleanUps.push(() => new Promise((resolve) => server.close(resolve)))
  const places: unknown[] = []
  server.on('request', ({ url: asked, headers }: IncomingMessage) => {
    if (asked?.includes('.notices') === true) places.push(headers['last-event-id'])
  })

  const trpc = createBareClient(url, 'ada')
  const ticket = await trpc.jobs.countWords.enqueue.mutate({ input: { texts } })
  let cut: string | undefined
  const notices = await follow(trpc, ticket, ({ type, cursor }) => {
    if (type !== 'progress' || cut !== undefined) return
    cut = cursor
    server.closeAllConnections()
    letGo() // and so the job ends while nobody listens
  })

  expect(places).toEqual([undefined, cut])
  const jobNotices = notices.filter((notice) => 'jobId' in notice)
  const cursors = jobNotices.map(({ cursor }) => cursor)
  expect(new Set(cursors).size).toBe(cursors.length)
  expect(notices.at(-1)).toMatchObject({ type: 'succeeded', result: { words: 6 } })
})
