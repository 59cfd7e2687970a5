// Sets up the players of the demonstration: a store, the API, a worker, and a client that talks to the API.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, open, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Queue, queueOver } from '@lovage/core'
import { createMemoryStore } from '@lovage/core/memory'
import { createQueue } from '@lovage/redis'
import { createWorker } from '@lovage/worker'
import { pino } from 'pino'
import { connect } from './client.ts'
import { createHandlers } from './handlers.ts'
import { startServer } from './server.ts'
import { cacheDirectory, concurrency, modelPath, namespace, workerLogPath } from './settings.ts'
import type { Jobs } from './story.ts'
import { tasks } from './tasks.ts'

export interface Players {
  /** What the client offers, over HTTP and websocket. */
  readonly jobs: Jobs
  /** Rejects when a player ends that should not. Never resolves. */
  readonly failed: Promise<never>
  /** In the reverse order of their opening, so that none loses another while it still needs him. */
  close(): Promise<void>
}

interface Crew {
  readonly queue: Queue<typeof tasks>
  readonly failed: Promise<never>
  close(): Promise<void>
}

/** Is told of each player where it is, when it is about to be opened or has been. */
type Introduce = (player: 'store' | 'worker' | 'api', place: string) => void

/** @param redis  Its URL; without one everything lives in this process, in memory. */
export async function openPlayers(redis: string | undefined, introduce: Introduce): Promise<Players> {
  await mkdir(cacheDirectory, { recursive: true })
  const opened: { close(): Promise<unknown> | void }[] = []
  async function close(): Promise<void> {
    for (const player of opened.splice(0).reverse()) await player.close()
  }
  try {
    const crew = redis === undefined ? await embedded(introduce) : await onRedis(redis, introduce)
    opened.push(crew)
    const token = randomUUID()
    const server = await startServer(crew.queue, token)
    opened.push(server)
    const client = connect(server.url, token)
    opened.push(client)
    introduce('api', `${server.url}, websocket on the same port`)
    return { jobs: client.jobs, failed: crew.failed, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function embedded(introduce: Introduce): Promise<Crew> {
  introduce('store', 'in memory')
  const store = createMemoryStore()
  const queue = queueOver(tasks, store)
  const logger = pino(pino.destination({ dest: workerLogPath, append: false, sync: true }))
  const worker = createWorker({ tasks, store, concurrency, logger, handlers: createHandlers(modelPath) })
  await worker.start()
  introduce('worker', `in this process, ${concurrency} jobs at a time`)
  return {
    queue,
    failed: new Promise(() => {}),
    async close() {
      await worker.stop({ timeout: 0 })
      await queue.close()
    },
  }
}

async function onRedis(redis: string, introduce: Introduce): Promise<Crew> {
  // What it would say of the server's settings, the worker says in its log.
  const queue = createQueue({ tasks, redis, namespace, onWarning: () => {} })
  introduce('store', withoutPassword(redis))
  // Asked here, beside Redis, where the error says why it cannot be reached; the API keeps that from its
  // callers.
  await queue.counts().catch(async (error: unknown) => {
    await queue.close()
    throw error
  })
  const log = await open(workerLogPath, 'w')
  const worker = spawn(process.execPath, [fileURLToPath(new URL('./worker.js', import.meta.url))], {
    env: { ...process.env, REDIS_URL: redis },
    // The log must not fall between the bars. The channel tells the worker when this process is gone.
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
  })
  introduce('worker', `process ${worker.pid}, ${concurrency} jobs at a time`)
  let isClosing = false
  const failed = once(worker, 'exit').then(async ([code, signal]) => {
    if (isClosing) return new Promise<never>(() => {})
    throw new Error(`The worker ended with ${signal ?? `code ${code}`}.${await lastLines()}`)
  })
  failed.catch(() => {}) // whoever waits for it hears of it; before that it is not unhandled
  return {
    queue,
    failed,
    async close() {
      isClosing = true
      await end(worker)
      await log.close()
      await queue.close()
    },
  }
}

/** Time enough for a worker that drains; after that nobody needs its results any more. */
const endWithinMs = 5_000

async function end(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return
  const ended = once(worker, 'exit')
  worker.kill('SIGTERM')
  const killer = setTimeout(() => worker.kill('SIGKILL'), endWithinMs)
  await ended
  clearTimeout(killer)
}

async function lastLines(): Promise<string> {
  const lines = (await readFile(workerLogPath, 'utf8')).trimEnd().split('\n').slice(-5)
  return ` The end of its log, ${workerLogPath}:\n${lines.join('\n')}`
}

function withoutPassword(redis: string): string {
  const url = new URL(redis)
  url.password = ''
  return url.href
}
