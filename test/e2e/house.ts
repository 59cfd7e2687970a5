/**
 * A whole system that can be cut anywhere: an API process and a worker process, connected to Redis through one line
 * and to their clients through another.
 */
import { randomUUID } from 'node:crypto'
import { createJobsClient, type JobsClient, type JobsClientOptions } from '@lovage/client'
import { isLovageError, newJobId, type Queue } from '@lovage/core'
import { createQueue } from '@lovage/redis'
import { TcpProxy } from '../kit/tcp-proxy.ts'
import type { AppRouter } from './fixtures/server.ts'
import { tasks } from './fixtures/tasks.ts'
import { Fixture } from './processes.ts'

export type Client = JobsClient<AppRouter>

export class House implements AsyncDisposable {
  /** Beside Redis, and never cut: what it says is how it was. */
  readonly queue: Queue<typeof tasks>
  readonly line: TcpProxy
  readonly #redis: TcpProxy
  readonly #env: Record<string, string>
  #api: Fixture
  #worker: Fixture

  private constructor(
    queue: Queue<typeof tasks>,
    { line, redis }: { line: TcpProxy; redis: TcpProxy },
    { api, worker, env }: { api: Fixture; worker: Fixture; env: Record<string, string> },
  ) {
    this.queue = queue
    this.line = line
    this.#redis = redis
    this.#api = api
    this.#worker = worker
    this.#env = env
  }

  static async open(redisUrl: string, more: Record<string, string> = {}): Promise<House> {
    const namespace = `house-${randomUUID()}`
    const direct = new URL(redisUrl)
    const redis = await TcpProxy.to(Number(direct.port))
    redis.listens = false
    const through = new URL(redisUrl)
    through.port = String(redis.port)
    const env = { REDIS_URL: through.href, NAMESPACE: namespace, ...more }
    const api = new Fixture('server', env)
    const { port } = await api.line<{ port: number }>('port')
    const line = await TcpProxy.to(port)
    line.listens = false
    const queue = createQueue({ tasks, redis: redisUrl, namespace })
    const worker = new Fixture('worker', env)
    return new House(queue, { line, redis }, { api, worker, env })
  }

  client(options: Partial<JobsClientOptions> = {}): Client {
    const url = `http://127.0.0.1:${this.line.port}/trpc`
    return createJobsClient<AppRouter>({ url, auth: () => 'ada', ...options })
  }

  /** All ways of breaking it; each is over when what broke is there again. */
  readonly cuts = {
    sockets: async (): Promise<void> => this.line.cut(),
    redis: async (): Promise<void> => this.#redis.cut(),
    api: async (): Promise<void> => {
      const old = this.#api
      this.#api = new Fixture('server', this.#env)
      await old.end('SIGKILL')
      this.line.target = (await this.#api.line<{ port: number }>('port')).port
    },
    deploy: async (): Promise<void> => {
      const old = this.#api
      this.#api = new Fixture('server', this.#env)
      this.line.target = (await this.#api.line<{ port: number }>('port')).port
      await old.end('SIGTERM')
    },
    worker: async (): Promise<void> => {
      await this.#worker.end('SIGKILL')
      this.#worker = new Fixture('worker', this.#env)
    },
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#api.end('SIGKILL'), this.#worker.end('SIGKILL')])
    await this.queue.close()
    await this.line[Symbol.asyncDispose]()
    await this.#redis[Symbol.asyncDispose]()
  }
}

/** A call that was on its way when something was cut may be repeated: the id makes it one job. */
export async function surely<Value>(call: (id: string) => Promise<Value>): Promise<Value> {
  const id = newJobId()
  for (;;) {
    try {
      return await call(id)
    } catch (error) {
      if (!isLovageError(error, 'DISCONNECTED') && !isLovageError(error, 'STORE_UNAVAILABLE')) throw error
      await new Promise(setImmediate)
    }
  }
}
