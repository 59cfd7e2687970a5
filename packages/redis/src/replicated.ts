/**
 * Calls that count only when replicas have what they wrote: `WAIT` right behind each, on the same socket.
 *
 * It asks for whatever that socket has written last, on the server that it leads to. So a small write goes before it: a
 * repeated enqueue finds its jobs there and writes nothing, and what some other socket wrote would not be waited for. And
 * where the socket was lost in between nothing is known, since another server may be asked then.
 *
 * A server that waits answers nothing else on that socket: it has one of its own, and calls that come meanwhile travel
 * together.
 */
import { LovageError, type Replication } from '@lovage/core'
import { Batcher } from './batch.ts'
import type { Args, CallOptions, Form } from './call.ts'
import type { Command, Connection } from './connection.ts'
import type { Keys } from './keys.ts'
import { type Run, runner, type Settings } from './script.ts'
import { isUnknownScript } from './store-errors.ts'

const MARK_MS = 60_000

class Replicated implements Pick<Connection, 'script' | 'together' | 'isCluster'> {
  readonly #connection: Connection
  readonly #mark: string
  readonly #replication: Replication

  constructor(connection: Connection, keys: Keys, replication: Replication) {
    this.#connection = connection
    this.#mark = `${keys.prefix}replicated`
    this.#replication = replication
  }

  get isCluster(): boolean {
    return this.#connection.isCluster
  }

  async script<Reply>(
    args: (form: Form) => Args,
    options: CallOptions,
    decode: (reply: unknown) => Reply,
  ): Promise<Reply> {
    const sent = async (name: string, form: Form): Promise<Reply> => {
      const [reply] = await this.together(() => [[name, args(form)]], options)
      return decode(reply)
    }
    try {
      return await sent('evalsha', 'sha')
    } catch (error) {
      if (!isUnknownScript((error as Error).cause)) throw error
      return sent('eval', 'source')
    }
  }

  /** @throws LovageError `NOT_REPLICATED` */
  async together(calls: () => readonly Command[], options: CallOptions): Promise<unknown[]> {
    const { replicas, timeoutMs } = this.#replication
    const replies = await this.#connection.together(
      () => [...calls(), ['set', [this.#mark, '1', 'PX', MARK_MS]], ['wait', [replicas, timeoutMs]]],
      { ...options, extraMs: timeoutMs },
    )
    const acknowledged = replies.pop()
    replies.pop()
    if ((acknowledged as number) >= replicas) return replies
    throw new LovageError('NOT_REPLICATED', {
      ids: [],
      acknowledged: acknowledged as number,
      needed: replicas,
      waitedMs: timeoutMs,
    })
  }
}

/** A batcher for each measure that was asked for; all on one connection, which is opened for the first. */
export class ReplicatedBatchers {
  readonly #open: () => Connection
  readonly #keys: Keys
  readonly #settings: Settings
  readonly #batchers = new Map<string, Batcher>()
  readonly #inPlace: (run: Run) => Run
  #connection: Connection | undefined

  /** @param inPlace Lets nothing run before it is known that the queue is where it is looked for. */
  constructor(open: () => Connection, keys: Keys, settings: Settings, inPlace: (run: Run) => Run) {
    this.#open = open
    this.#keys = keys
    this.#settings = settings
    this.#inPlace = inPlace
  }

  for(replication: Replication): Batcher {
    const name = `${replication.replicas} ${replication.timeoutMs}`
    let batcher = this.#batchers.get(name)
    if (batcher === undefined) {
      this.#connection ??= this.#open()
      const replicated = new Replicated(this.#connection, this.#keys, replication)
      batcher = new Batcher(this.#inPlace(runner(replicated, this.#keys, this.#settings)))
      this.#batchers.set(name, batcher)
    }
    return batcher
  }

  /** Lets what is under way end. */
  async close(): Promise<void> {
    for (const batcher of this.#batchers.values()) batcher.flush()
    await this.#connection?.close()
  }
}
