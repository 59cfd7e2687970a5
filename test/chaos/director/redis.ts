/**
 * The Redis of a run: a primary and a replica, each with an append-only file. It can be killed, frozen, filled, failed over
 * and emptied; where that takes back what it had answered, the auditor is told how much.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { TcpProxy } from '../../kit/tcp-proxy.ts'
import { monotonicMs, type Scribe } from '../history.ts'
import type { Auditor } from './auditor.ts'
import { SmallDisk } from './disk.ts'
import { ChaosServer, type Fsync, type StartRedis } from './server.ts'

export type { Fsync, StartRedis } from './server.ts'

/** A port at which nobody listens. */
const NOWHERE = 1
/** As long as `appendfsync everysec` may keep what it has answered from the disk. */
const UNSYNCED_MS = 2_000
const PAUSE_MS = 60_000

/** Who must know when the primary is another one, or loses something. */
export interface Witnesses {
  auditor: Auditor
  scribe: Scribe
  /** The hash tag of the queue. */
  tag: string
  /** All lines of the players lead to this port from now on; those that are open are cut. */
  reach: (port: number) => void
}

export class ChaosRedis {
  readonly #folder: string
  readonly #disk: SmallDisk | null
  /** For those who are never cut: it leads to the primary. */
  readonly #front: TcpProxy
  #primary: ChaosServer
  #replica: ChaosServer

  private constructor(
    folder: string,
    disk: SmallDisk | null,
    front: TcpProxy,
    servers: [ChaosServer, ChaosServer],
  ) {
    this.#folder = folder
    this.#disk = disk
    this.#front = front
    ;[this.#primary, this.#replica] = servers
  }

  static async open(start: StartRedis, runFolder: string, fsync: Fsync): Promise<ChaosRedis> {
    const folder = join(runFolder, 'redis')
    mkdirSync(folder, { recursive: true })
    const disk = SmallDisk.mount(folder)
    const open = (name: string) => ChaosServer.open(start, join(folder, name), fsync)
    const servers = await Promise.all([open('a'), open('b')])
    const front = await TcpProxy.to(servers[0].port)
    front.listens = false
    const redis = new ChaosRedis(folder, disk, front, servers)
    await redis.#inSync()
    return redis
  }

  /** Of the primary. */
  get port(): number {
    return this.#primary.port
  }

  /** Leads to whoever is the primary. */
  get frontPort(): number {
    return this.#front.port
  }

  get admin(): Redis {
    return this.#primary.admin
  }

  /** Whether it has a disk of its own that can be filled. */
  get hasDisk(): boolean {
    return this.#disk !== null
  }

  signal(signal: NodeJS.Signals): void {
    this.#primary.signal(signal)
  }

  async kill(): Promise<void> {
    await this.#primary.kill()
  }

  async restart(): Promise<void> {
    await this.#primary.restart()
  }

  fillDisk(): void {
    this.#disk?.fill()
  }

  async freeDisk(): Promise<void> {
    this.#disk?.free()
    // One that must write every command before it answers gives up instead.
    for (const server of [this.#primary, this.#replica]) if (!server.isUp) await server.restart()
  }

  /** As an operator does it: the primary waits for its replica, and nothing is lost. */
  async failOver({ reach }: Witnesses): Promise<void> {
    await this.#inSync()
    await this.admin.call('FAILOVER')
    await fields(this.#replica.admin, 'role', 'master')
    this.#swap()
    this.#lead(reach)
  }

  /** The replica takes over without what its primary has answered in the last `lagMs`. */
  async failOverBehind(lagMs: number, { auditor, scribe, tag, reach }: Witnesses): Promise<void> {
    await this.#inSync()
    const since = monotonicMs()
    await this.#caughtUp()
    await this.#replica.admin.replicaof('NO', 'ONE')
    const survived = await tailOf(this.#replica.admin, tag)
    await pause(lagMs)
    const resume = await this.#closeBooks(auditor, tag)
    await this.#primary.kill()
    scribe.write('lost', { kind: 'failover', since, survived })
    resume(survived)
    const old = this.#primary
    this.#swap()
    this.#lead(reach)
    old.empty()
    await old.restart()
    await this.#inSync()
  }

  /** Its machine loses power: what came to the file in the last `lagMs`, or not at all, is lost. */
  async losePower(lagMs: number, { auditor, scribe, tag, reach }: Witnesses): Promise<void> {
    const since = monotonicMs() - UNSYNCED_MS
    this.#primary.remember()
    await pause(lagMs)
    const resume = await this.#closeBooks(auditor, tag)
    this.#front.target = NOWHERE
    this.#front.cut()
    reach(NOWHERE)
    await this.#primary.kill()
    this.#primary.recall()
    await this.#primary.restart()
    const survived = await tailOf(this.admin, tag)
    scribe.write('lost', { kind: 'power', since, survived })
    resume(survived)
    this.#lead(reach)
  }

  /** Somebody empties it under everybody's hands: no connection ends. */
  async flush({ auditor, scribe, tag }: Witnesses): Promise<void> {
    const place = auditor.hold()
    const [rest] = (await this.admin
      .multi()
      .xrange(`{${tag}}:outcomes`, `(${place}`, '+')
      .flushall()
      .exec()) as [[unknown, [string, string[]][]], unknown]
    auditor.add(rest[1])
    scribe.write('lost', { kind: 'flushall', since: 0, survived: 0 })
    auditor.resume(0)
  }

  async close(): Promise<void> {
    await this.#front[Symbol.asyncDispose]()
    await Promise.all([this.#primary.close(), this.#replica.close()])
    await this.#disk?.unmount()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Nothing more is written, and the auditor has read all that was. Answers what lets him go on, at another number. */
  async #closeBooks(auditor: Auditor, tag: string): Promise<(survived: number) => void> {
    await this.admin.client('PAUSE', PAUSE_MS, 'WRITE')
    const place = auditor.hold()
    auditor.add(await this.admin.xrange(`{${tag}}:outcomes`, `(${place}`, '+'))
    return (survived) => auditor.resume(survived)
  }

  #swap(): void {
    ;[this.#primary, this.#replica] = [this.#replica, this.#primary]
  }

  #lead(reach: Witnesses['reach']): void {
    this.#front.target = this.port
    this.#front.cut()
    reach(this.port)
  }

  /** The replica follows the primary, and has come up to it. */
  async #inSync(): Promise<void> {
    const { admin } = this.#replica
    const [, port] = (await admin.config('GET', 'replicaof')) as [string, string]
    if (port !== `127.0.0.1 ${this.port}`) await admin.replicaof('127.0.0.1', this.port)
    await fields(admin, 'master_link_status', 'up')
  }

  async #caughtUp(): Promise<void> {
    const written = Number(await field(this.admin, 'master_repl_offset'))
    while (Number(await field(this.#replica.admin, 'slave_repl_offset')) < written) await pause(5)
  }
}

const field = async (redis: Redis, name: string): Promise<string | undefined> =>
  new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(await redis.info('replication'))?.[1]

async function fields(redis: Redis, name: string, value: string): Promise<void> {
  while ((await field(redis, name)) !== value) await pause(20)
}

/** The number of the newest record. */
export async function tailOf(redis: Redis, tag: string): Promise<number> {
  return Number((await redis.get(`{${tag}}:tail`))?.split('.')[1] ?? 0)
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
