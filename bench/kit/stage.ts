/** Where one round is played: a private Redis, and processes that end with the round. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { PrivateRedis, startRedis } from '../../scripts/redis.mjs'
import { play, type Player } from './play.ts'
import type { Budget } from './budget.ts'
import type { Role } from './roles.ts'

export type StartRedis = typeof startRedis

/** Of what is counted in one round. */
const SECONDS = 1.5
/** The start of a loop is not what a rate is about. */
const LEAST = 500

export class Stage {
  /** Whoever is in a hurry gets smaller rounds. */
  readonly isQuick: boolean
  readonly #server: PrivateRedis
  readonly #start: StartRedis
  readonly #players: { kill(): Promise<void> }[] = []
  readonly redis: Redis

  private constructor(server: PrivateRedis, start: StartRedis, isQuick: boolean) {
    this.#server = server
    this.#start = start
    this.isQuick = isQuick
    this.redis = new Redis(server.url)
  }

  /** Calls with a stage, and clears it however that ends. */
  static async with<Value>(
    start: StartRedis,
    { args = [], isQuick }: { args?: readonly string[]; isQuick: boolean },
    act: (stage: Stage) => Promise<Value>,
  ): Promise<Value> {
    const stage = new Stage(await start({ args }), start, isQuick)
    try {
      return await act(stage)
    } finally {
      await Promise.all(stage.#players.map((player) => player.kill()))
      stage.redis.disconnect()
      await stage.#server.stop()
    }
  }

  get url(): string {
    return this.#server.url
  }

  /** One more server, for this round. */
  async another(): Promise<PrivateRedis> {
    const server = await this.#start({})
    this.owns({ kill: () => server.stop() })
    return server
  }

  /** Speaks to one of the servers, as long as the round lasts. */
  clientOf(url: string): Redis {
    const client = new Redis(url)
    this.owns({ kill: async () => client.disconnect() })
    return client
  }

  /** So many, or a fifth of them when in a hurry. */
  jobs(count: number): number {
    return this.isQuick ? Math.ceil(count / 5) : count
  }

  /** At most so many, as many as a second and a half is enough for; a fifth of the jobs and a third of the time when in a hurry. */
  budget(jobs: number): Budget {
    const seconds = this.isQuick ? SECONDS / 3 : SECONDS
    return { jobs: this.jobs(jobs), seconds, least: this.jobs(Math.min(jobs, LEAST)) }
  }

  /** Something that is to end with the round. */
  owns(part: { kill(): Promise<void> }): void {
    this.#players.push(part)
  }

  async play<R extends Role>(peer: string, role: R): Promise<Player<R>> {
    const player = await play(peer, role, this.url)
    this.owns(player)
    return player
  }

  /** Seconds of CPU that a server has used. */
  async redisCpu(server = this.redis): Promise<number> {
    const info = await server.info('cpu')
    return figureIn(info, 'used_cpu_user') + figureIn(info, 'used_cpu_sys')
  }

  /** Bytes that the server holds, once it has stopped tidying up. */
  async redisBytes(): Promise<number> {
    let before = Number.NaN
    for (;;) {
      const bytes = figureIn(await this.redis.info('memory'), 'used_memory')
      if (Math.abs(bytes - before) < 1_024) return bytes
      before = bytes
      await pause(200)
    }
  }

  /** Of those, the bytes of its streams. */
  async streamBytes(): Promise<number> {
    let bytes = 0
    for await (const keys of this.redis.scanStream({ type: 'stream', count: 10_000 }) as AsyncIterable<
      string[]
    >)
      for (const key of keys) bytes += Number(await this.redis.call('MEMORY', 'USAGE', key, 'SAMPLES', '0'))
    return bytes
  }

  /** How many commands clients send while something goes on; what scripts run is not among them. */
  async countCommands(act: () => Promise<unknown>): Promise<number> {
    let sent = 0
    // By hand: ioredis 6 fails when the first lines come together with the answer to MONITOR.
    const monitor = connect(this.#server.port, '127.0.0.1')
    const lines = createInterface(monitor)
    monitor.write('MONITOR\r\n')
    await once(lines, 'line')
    lines.on('line', (line) => {
      if (!FROM_SCRIPT.test(line)) sent += 1
    })
    try {
      await act()
      return sent
    } finally {
      monitor.destroy()
    }
  }
}

/** `+1795898773.253658 [0 lua] "HMGET" …`: others have an address there. */
const FROM_SCRIPT = /^\+[\d.]+ \[\d+ lua\]/

const figureIn = (info: string, name: string): number =>
  Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1])
