/** The players as the director sees them: roles that are cast again and again, each behind a line of its own. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { TcpProxy } from '../../kit/tcp-proxy.ts'
import type { Scribe } from '../history.ts'
import type { Casting, Order } from '../players/player.ts'

export interface Part {
  /** Unique in a run: `worker-2`. */
  name: string
  role: 'worker' | 'api' | 'producer' | 'follower' | 'consumer'
  more?: Record<string, unknown>
}

/** Where an actor plays: its lines, and the folder of the compiled players. */
interface Place {
  redis: TcpProxy
  api: TcpProxy
  players: string
}

/** One role, through all the lives of those who play it. */
export class Actor {
  readonly part: Part
  readonly redisLine: TcpProxy
  readonly apiLine: TcpProxy
  readonly #players: string
  readonly #cast: (who: string) => Casting
  readonly #director: Scribe
  #child: ChildProcess | undefined
  #life = 0
  #isExpected = false
  /** Whether a fault has it stopped just now. */
  isFrozen = false

  constructor(part: Part, { redis, api, players }: Place, cast: (who: string) => Casting, director: Scribe) {
    this.part = part
    this.redisLine = redis
    this.apiLine = api
    this.#players = players
    this.#cast = cast
    this.#director = director
  }

  /** Begins a new life; resolves when it is on stage, with what it says of itself. */
  async enter(): Promise<{ port?: number }> {
    this.#life += 1
    const { who } = this
    this.#isExpected = false
    const child = fork(join(this.#players, `${this.part.role}.js`), [], {
      env: { ...process.env, CASTING: JSON.stringify(this.#cast(who)) },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child = child
    let stderr = ''
    child.stderr?.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-2_000)))
    child.once('exit', (code, signal) => {
      if (!this.#isExpected && code !== 0)
        this.#director.write('crashed', { code, signal, stderr: `${who}: ${stderr}` })
    })
    const gone = once(child, 'exit').then(() => {
      throw new Error(`${who} left before it was on stage: ${stderr}`)
    })
    const [said] = (await Promise.race([once(child, 'message'), gone])) as [{ port?: number }]
    gone.catch(() => {})
    return said
  }

  /** This life of it. */
  get who(): string {
    return `${this.part.name}.${this.#life}`
  }

  order(order: Order): void {
    if (this.isThere) this.#child?.send(order)
  }

  get isThere(): boolean {
    const child = this.#child
    return child !== undefined && child.exitCode === null && child.signalCode === null
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  async kill(): Promise<void> {
    await this.#end(() => this.signal('SIGKILL'))
  }

  /** Lets it leave by itself; a player who does not within the limit is killed, and that is told. */
  async leave(limitMs: number): Promise<void> {
    let isLate = false
    const late = setTimeout(() => {
      isLate = true
      this.signal('SIGKILL')
    }, limitMs)
    await this.#end(() => this.order({ order: 'leave' }))
    clearTimeout(late)
    if (isLate)
      this.#director.write('stuck', { what: `${this.part.name} did not leave within ${limitMs} ms` })
  }

  /** Resolves when its process has ended by itself. */
  async gone(): Promise<void> {
    if (this.isThere) await once(this.#child as ChildProcess, 'exit')
  }

  async #end(act: () => void): Promise<void> {
    const child = this.#child
    if (child === undefined || !this.isThere) return
    this.#isExpected = true
    const gone = once(child, 'exit')
    act()
    await gone
  }
}
