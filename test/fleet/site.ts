/**
 * Work that goes on while its servers come and go: somebody enqueues and asks again where he got no answer, a worker
 * works, somebody follows all of it and somebody consumes what succeeded; and at the end all of it is compared.
 */
import { randomUUID } from 'node:crypto'
import {
  defineTasks,
  isLovageError,
  newJobId,
  type Notice,
  type Queue,
  systemClock,
  task,
} from '@lovage/core'
import { createQueue, type RedisStoreOptions } from '@lovage/redis'
import { createWorker, type Worker } from '@lovage/worker'
import { vi } from 'vitest'
import { z } from 'zod'

export const tasks = defineTasks({
  double: task({
    input: z.number(),
    output: z.number(),
    progress: z.number(),
    notices: ['started'],
    retry: { attempts: 10 },
  }),
  mail: task({ input: z.string(), output: z.string() }),
})

type EnqueueOptions = Parameters<Queue<typeof tasks>['double']['enqueue']>[1]

export const newNamespace = (): string => `site-${randomUUID()}`

/** A key of a namespace; it has the slot of them all. */
export const keyOf = (namespace: string): string => `{${namespace}:default}:jobs`

/** Has one notice written, that of a job which is cancelled at once. @returns the job's id */
export async function announced(queue: Queue<typeof tasks>): Promise<string> {
  const { id, cancel } = await queue.double.enqueue(1)
  await cancel()
  return id
}

export interface SiteOptions {
  redis: RedisStoreOptions
  /** Of the worker, where it comes in otherwise. */
  workerRedis?: RedisStoreOptions
  namespace?: string
  partitions?: number
  /** Whether leases are renewed by a thread, as in production. */
  isThreaded?: boolean
}

export class Site implements AsyncDisposable {
  readonly namespace: string
  readonly queue: Queue<typeof tasks>
  readonly notices: Notice[] = []
  readonly enqueued = new Map<string, number>()
  readonly #worker: Worker
  readonly #stop = new AbortController()
  /** Jobs whose end a durable consumer was told, and has acked. */
  readonly consumed = new Set<string>()
  #following: Promise<void> = Promise.resolve()
  #consuming: Promise<void> = Promise.resolve()

  private constructor({
    redis,
    workerRedis = redis,
    namespace = newNamespace(),
    isThreaded = false,
    partitions,
    ...more
  }: SiteOptions) {
    this.namespace = namespace
    // With a clock given, leases are renewed in this loop; a thread for each of many sites would take long to start.
    const options = { onWarning: () => {}, ...(!isThreaded && { clock: systemClock }) }
    this.queue = createQueue({
      tasks,
      namespace,
      partitions,
      redis: { ...redis, ...options },
      onWarning: () => {},
      ...more,
    })
    this.#worker = createWorker({
      namespace,
      partitions,
      redis: { ...workerRedis, ...options },
      tasks,
      concurrency: 4,
      logLevel: 'error',
      lease: '3s',
      handlers: {
        double: async (n, { progress }) => {
          progress(n)
          return n * 2
        },
        mail: (to) => to,
      },
    })
  }

  static async open(options: SiteOptions): Promise<Site> {
    const site = new Site(options)
    await site.#worker.start()
    const feed = site.queue.notices({ signal: site.#stop.signal })[Symbol.asyncIterator]()
    await feed.next() // `ready`
    site.#following = site.#follow(feed)
    site.#consuming = site.#consume()
    return site
  }

  async #follow(feed: AsyncIterator<Notice>): Promise<void> {
    for (let next = await feed.next(); !next.done; next = await feed.next()) this.notices.push(next.value)
  }

  async #consume(): Promise<void> {
    const { signal } = this.#stop
    const options = { types: ['succeeded'], from: 'start', ackWait: '1s', signal } as const
    while (!signal.aborted) {
      try {
        for await (const notice of this.queue.consume('all', options)) {
          if (notice.type !== 'succeeded') continue
          // An ack that got no answer is not waited for: the notice comes again.
          await notice.ack().then(
            () => this.consumed.add(notice.jobId),
            () => {},
          )
        }
      } catch (error) {
        // The servers have forgotten the group, or are away as it is opened.
        if (!isLovageError(error, 'GROUP_DELETED') && !isLovageError(error, 'STORE_UNAVAILABLE')) throw error
      }
    }
  }

  /** Enqueues one after the other, each again by its id until it is answered. `after` hears how many are done. */
  async enqueue(
    count: number,
    after: (done: number) => void = () => {},
    options: EnqueueOptions = {},
  ): Promise<void> {
    for (let n = 0; n < count; n++) {
      const id = newJobId()
      for (;;) {
        try {
          await this.queue.double.enqueue(n, { ...options, id })
          break
        } catch (error) {
          if (!isLovageError(error, 'STORE_UNAVAILABLE')) throw error
        }
      }
      this.enqueued.set(id, n)
      after(n + 1)
    }
  }

  /** The results of all that was enqueued, by what they should be. */
  async results(timeoutMs = 20_000): Promise<[expected: number, result: number][]> {
    const pairs = [...this.enqueued].map(async ([id, n]): Promise<[number, number]> => {
      const end = performance.now() + timeoutMs
      for (;;) {
        try {
          return [n * 2, await this.queue.double.result(id, { timeout: end - performance.now() })]
        } catch (error) {
          if (!isLovageError(error, 'STORE_UNAVAILABLE') || performance.now() > end) throw error
        }
      }
    })
    return await Promise.all(pairs)
  }

  /** The jobs whose end the follower was told, in the order in which he was. */
  get told(): string[] {
    return this.notices.flatMap((notice) => (notice.type === 'succeeded' ? [notice.jobId] : []))
  }

  /** Resolves once the follower was told the end of all that was enqueued. */
  async allTold(): Promise<void> {
    await vi.waitFor(() => {
      const told = new Set(this.told)
      const missing = [...this.enqueued.keys()].filter((id) => !told.has(id))
      if (missing.length > 0) throw new Error(`${missing.length} of ${this.enqueued.size} were not told.`)
    }, 20_000)
  }

  /** Resolves once the consumer has acked the end of all that was enqueued. */
  async allConsumed(): Promise<void> {
    await vi.waitFor(() => {
      const missing = [...this.enqueued.keys()].filter((id) => !this.consumed.has(id))
      if (missing.length > 0) throw new Error(`${missing.length} of ${this.enqueued.size} were not consumed.`)
    }, 20_000)
  }

  get gaps(): number {
    return this.notices.filter(({ type }) => type === 'gap').length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#following
    await this.#consuming
    await this.#worker.stop({ timeout: '1s' }).catch(() => {})
    await this.queue.close()
  }
}
