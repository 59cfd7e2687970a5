/** One server of a run, with its append-only file, through all its starts. */
import { cpSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { PrivateRedis, startRedis } from '../../../scripts/redis.mjs'

export type StartRedis = typeof startRedis

export type Fsync = 'always' | 'everysec'

export class ChaosServer {
  readonly port: number
  readonly #folder: string
  readonly #fsync: Fsync
  readonly #start: StartRedis
  #server: PrivateRedis
  /** Beside everything, and never cut. */
  readonly admin: Redis

  private constructor(start: StartRedis, server: PrivateRedis, folder: string, fsync: Fsync) {
    this.#start = start
    this.#server = server
    this.port = server.port
    this.#folder = folder
    this.#fsync = fsync
    this.admin = new Redis(server.port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: null })
    this.admin.on('error', () => {})
  }

  static async open(start: StartRedis, folder: string, fsync: Fsync): Promise<ChaosServer> {
    mkdirSync(folder, { recursive: true })
    return new ChaosServer(start, await launch(start, folder, fsync), folder, fsync)
  }

  get isUp(): boolean {
    try {
      return process.kill(this.#server.pid, 0)
    } catch {
      return false
    }
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.#server.pid, signal)
  }

  /** Gone without a goodbye. What it has written to its file before it answered is there when it starts again. */
  async kill(): Promise<void> {
    if (this.isUp) this.signal('SIGKILL')
    await this.#server.stop()
  }

  async restart(): Promise<void> {
    await this.kill()
    this.#server = await launch(this.#start, this.#folder, this.#fsync, this.port)
    await this.admin.ping()
  }

  /** Its file as it is now, put back by `recall`: what a machine that loses its power finds again. */
  remember(): void {
    this.forget()
    cpSync(join(this.#folder, FILES), join(this.#folder, 'kept'), { recursive: true })
  }

  recall(): void {
    rmSync(join(this.#folder, FILES), { recursive: true })
    renameSync(join(this.#folder, 'kept'), join(this.#folder, FILES))
  }

  forget(): void {
    rmSync(join(this.#folder, 'kept'), { recursive: true, force: true })
  }

  /** Begins with nothing at its next start. */
  empty(): void {
    rmSync(join(this.#folder, FILES), { recursive: true, force: true })
  }

  async close(): Promise<void> {
    this.admin.disconnect()
    await this.kill()
  }
}

/** The folder of the append-only file, which is in parts. */
const FILES = 'appendonlydir'

const launch = (start: StartRedis, dir: string, fsync: Fsync, port?: number): Promise<PrivateRedis> =>
  start({
    dir,
    ...(port !== undefined && { port }),
    args: [
      ...['--appendonly', 'yes', '--appendfsync', fsync, '--auto-aof-rewrite-min-size', '16mb'],
      ...['--repl-diskless-sync-delay', '0'],
    ],
  })
