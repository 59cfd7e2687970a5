/** One real Redis server that a test may stop, freeze, kill and start again, always on the same port. */
import { freePort, type PrivateRedis, startRedis } from '../../scripts/redis.mjs'
import { Redis } from 'ioredis'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

type RedisOptions = NonNullable<Parameters<typeof startRedis>[0]>
type Settings = Pick<RedisOptions, 'args' | 'sentinel'>

export interface NodeOptions extends Settings {
  /** Arguments that name certificates: it listens for TLS as well, at a port of its own. */
  tls?: readonly string[]
}

export class RedisNode implements AsyncDisposable {
  readonly port: number
  /** Where it listens for TLS. */
  readonly tlsPort: number | undefined
  readonly redis: Redis
  readonly #dir: string
  readonly #options: Settings
  #server: PrivateRedis

  private constructor(server: PrivateRedis, dir: string, options: Settings, tlsPort: number | undefined) {
    this.#server = server
    this.tlsPort = tlsPort
    this.port = server.port
    this.#dir = dir
    this.#options = options
    // What is asked while it is away is answered when it is back.
    this.redis = new Redis(server.port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: null })
    this.redis.on('error', () => {})
  }

  static async start({ tls, args = [], ...more }: NodeOptions = {}): Promise<RedisNode> {
    const dir = await mkdtemp(path.join(tmpdir(), 'lovage-node-'))
    const tlsPort = tls === undefined ? undefined : await freePort()
    const secured = tls === undefined ? args : [...args, '--tls-port', String(tlsPort), ...tls]
    const options = { ...more, args: [...secured] }
    return new RedisNode(await startRedis({ dir, ...options }), dir, options, tlsPort)
  }

  /** The port at which others than the test come to it. */
  get wirePort(): number {
    return this.tlsPort ?? this.port
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
