/** The Redis of a run: it writes an append-only file, and can be killed, frozen, filled, and started again. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { PrivateRedis, startRedis } from '../../../scripts/redis.mjs'

export type StartRedis = typeof startRedis

export type Fsync = 'always' | 'everysec'

/** Small enough to be filled in a moment, large enough for an append-only file and its rewrite. */
const DISK_MB = 256

export class ChaosRedis {
  readonly port: number
  readonly #folder: string
  readonly #fsync: Fsync
  readonly #mount: string | null
  readonly #start: StartRedis
  #server: PrivateRedis
  /** Beside everything, and never cut. */
  admin: Redis

  private constructor(
    start: StartRedis,
    server: PrivateRedis,
    { folder, fsync, mount }: { folder: string; fsync: Fsync; mount: string | null },
  ) {
    this.#start = start
    this.#server = server
    this.port = server.port
    this.#folder = folder
    this.#fsync = fsync
    this.#mount = mount
    this.admin = adminOf(server.port)
  }

  static async open(start: StartRedis, runFolder: string, fsync: Fsync): Promise<ChaosRedis> {
    const folder = join(runFolder, 'redis')
    mkdirSync(folder, { recursive: true })
    const mount = mountSmall(folder) ? folder : null
    return new ChaosRedis(start, await launch(start, folder, fsync), { folder, fsync, mount })
  }

  /** Whether it has a disk of its own that can be filled. Needs root. */
  get hasDisk(): boolean {
    return this.#mount !== null
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
    await this.untilReady()
  }

  async untilReady(): Promise<void> {
    for (;;) {
      try {
        if ((await this.admin.ping()) === 'PONG') return
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }

  /** Takes what is left of the disk. */
  fillDisk(): void {
    spawnSync('dd', ['if=/dev/zero', `of=${join(this.#folder, 'ballast')}`, 'bs=64k'], { stdio: 'ignore' })
  }

  async freeDisk(): Promise<void> {
    writeFileSync(join(this.#folder, 'ballast'), '')
    rmSync(join(this.#folder, 'ballast'))
    // One that must write every command before it answers gives up instead.
    if (!this.isUp) await this.restart()
  }

  async close(): Promise<void> {
    this.admin.disconnect()
    await this.kill()
    if (this.#mount !== null) spawnSync('umount', ['--lazy', this.#mount])
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

const launch = (start: StartRedis, dir: string, fsync: Fsync, port?: number): Promise<PrivateRedis> =>
  start({
    dir,
    ...(port !== undefined && { port }),
    args: ['--appendonly', 'yes', '--appendfsync', fsync, '--auto-aof-rewrite-min-size', '16mb'],
  })

function adminOf(port: number): Redis {
  const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: null })
  redis.on('error', () => {})
  return redis
}

const mountSmall = (folder: string): boolean =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', folder], { stdio: 'ignore' })
    .status === 0
