/** One real Redis server that a test may stop, freeze, kill and start again, always on the same port. */
import { type PrivateRedis, startRedis } from '../../scripts/redis.mjs'
import { Redis } from 'ioredis'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

type RedisOptions = NonNullable<Parameters<typeof startRedis>[0]>

export class RedisNode implements AsyncDisposable {
  readonly port: number
  readonly redis: Redis
  readonly #dir: string
  readonly #options: Pick<RedisOptions, 'args' | 'sentinel'>
  #server: PrivateRedis

  private constructor(server: PrivateRedis, dir: string, options: Pick<RedisOptions, 'args' | 'sentinel'>) {
    this.#server = server
    this.port = server.port
    this.#dir = dir
    this.#options = options
    // What is asked while it is away is answered when it is back.
    this.redis = new Redis(server.port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: null })
    this.redis.on('error', () => {})
  }

  static async start(options: Pick<RedisOptions, 'args' | 'sentinel'> = {}): Promise<RedisNode> {
    const dir = await mkdtemp(path.join(tmpdir(), 'lovage-node-'))
    return new RedisNode(await startRedis({ dir, ...options }), dir, options)
  }

  get pid(): number {
    return this.#server.pid
  }

  get url(): string {
    return this.#server.url
  }

  /** `SIGKILL`: it loses what it had not written. `SIGSTOP`: it is silent, with all connections open. */
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    process.kill(this.pid, name)
  }

  /** Kills it, where it is not dead yet, and waits until its port is free. */
  async kill(): Promise<void> {
    if (this.#isRunning()) this.signal('SIGKILL')
    await this.#server.stop()
  }

  #isRunning(): boolean {
    try {
      return process.kill(this.pid, 0)
    } catch {
      return false
    }
  }

  /** After `kill`: with what it had on disk. */
  async restart(): Promise<void> {
    this.#server = await startRedis({ port: this.port, dir: this.#dir, ...this.#options })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.redis.disconnect()
    await this.kill()
    await rm(this.#dir, { recursive: true, force: true })
  }
}
