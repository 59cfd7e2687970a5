/** A TCP line that a test can listen to, cut, slow down and let go silent. What passes is not changed. */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { Passage, type Trouble } from './passage.ts'

export class TcpProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  #heard: string[] = []
  #trouble: Trouble = {}
  #passages = new Set<Passage>()
  readonly #forgotten = new Set<readonly [Socket, Socket]>()
  /** Whether every byte is kept; a long test wants that off. */
  listens = true
  /** Where connections lead from now on; those that are open stay where they are. */
  target: number
  /** Connections that were made through it, the cut ones included. */
  connections = 0

  private constructor(port: number) {
    this.target = port
    this.#server = createServer((near) => {
      const far = connect(this.target, '127.0.0.1')
      const pair = [near, far] as const
      this.connections += 1
      this.#pairs.add(pair)
      if (this.listens) far.on('data', (chunk: Buffer) => this.#heard.push(chunk.toString('latin1')))
      const passages = [new Passage(near, far, this.#trouble), new Passage(far, near, this.#trouble)]
      for (const passage of passages) this.#passages.add(passage)
      for (const socket of pair) {
        socket.on('error', () => {})
        socket.on('close', () => {
          for (const passage of passages) this.#passages.delete(passage)
          if (!this.#forgotten.has(pair)) this.#end(pair)
        })
      }
    })
  }

  static async to(port: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(port)
    await new Promise<void>((resolve) => {
      proxy.#server.listen(0, '127.0.0.1', resolve)
    })
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Every byte that came from the server. */
  get heard(): string {
    return this.#heard.join('')
  }

  /** As a cable that is pulled: no goodbye to either side. */
  cut(): void {
    for (const pair of this.#pairs) this.#end(pair)
  }

  /** What passes from now on, on connections old and new, is in this trouble; `{}` ends it, and what was held back goes on. */
  trouble(trouble: Trouble): void {
    this.#trouble = trouble
    for (const passage of this.#passages) passage.trouble = trouble
  }

  /**
   * As a router that has forgotten its connections: those that are open fall silent for good, and neither side is told, also not
   * of the other's end. New ones are as they should be.
   */
  forget(): void {
    for (const passage of this.#passages) passage.trouble = { isSilent: true }
    for (const pair of this.#pairs) this.#forgotten.add(pair)
    this.#passages = new Set()
    this.#trouble = {}
  }

  /** Says to whoever is connected what the server has not said, and resolves when they have hung up. */
  async spoil(bytes: string): Promise<void> {
    const hungUp = [...this.#pairs].map(([near]) => {
      near.write(bytes)
      return once(near, 'close')
    })
    await Promise.all(hungUp)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise((resolve) => {
      this.#server.close(resolve)
    })
  }

  #end(pair: readonly [Socket, Socket]): void {
    this.#pairs.delete(pair)
    this.#forgotten.delete(pair)
    for (const socket of pair) socket.destroy()
  }
}
