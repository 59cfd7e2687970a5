/**
 * Where in a cluster a store is: all its keys share a hash tag, so they are on one node at a time, and every connection
 * of a store leads there. Slots move, and replicas take over; what is learned of that by one connection all use.
 *
 * ioredis has a client for clusters. It is for those who speak to all nodes: it keeps a connection to each, one more to
 * listen, and sends again what may have been carried out. A store needs one socket, to one node, with the calls under
 * its own eyes.
 */
import type { Address } from './address.ts'
import { type Node, nodeText } from './url.ts'

/** As `CLUSTER SLOTS` answers: first and last slot, then the primary, then its replicas. */
type SlotRange = [first: number, last: number, ...nodes: [host: string | null, port: number, ...unknown[]][]]

export class Route {
  readonly address: Address
  /** Known from the address, or told by the first server that was met. */
  isCluster: boolean
  readonly #prefix: string
  #nodes: readonly Node[]
  #primary: Node | undefined
  /** Counts those that were tried while the primary was not known. */
  #tries = 0

  /** @param prefix Of the store's keys. */
  constructor(address: Address, prefix: string) {
    this.address = address
    this.isCluster = address.kind === 'cluster'
    this.#prefix = prefix
    this.#nodes = address.nodes
  }

  /** Where to connect to now. */
  next(): Node {
    return this.#primary ?? (this.#nodes[this.#tries++ % this.#nodes.length] as Node)
  }

  /** This node could not be reached, or knows of no cluster that works. */
  failed(node: Node): void {
    if (isSame(node, this.#primary)) this.#primary = undefined
  }

  /** A node has said where the slot is. */
  moved(to: Node): void {
    this.#primary = to
  }

  /** Hears what a node says of the whole cluster. */
  async learn(from: Node, ask: (...args: string[]) => Promise<unknown>): Promise<void> {
    const answers = [ask('KEYSLOT', this.#prefix), ask('SLOTS')] as const
    const [slot, ranges] = (await Promise.all(answers)) as [number, SlotRange[]]
    // A node that does not know its own address leaves it out: it is where we found it.
    const nodeOf = ([host, port]: [string | null, number, ...unknown[]]): Node => ({
      host: host === null || host === '' || host === '?' ? from.host : host,
      port,
    })
    const own = ranges.find(([first, last]) => first <= slot && slot <= last)
    this.#primary = own?.[2] === undefined ? undefined : nodeOf(own[2])
    const known = new Map(
      ranges.flatMap(([, , ...nodes]) => nodes.map(nodeOf)).map((node) => [nodeText(node), node]),
    )
    // Those of the address stay: the others may all be replaced while nobody looks.
    for (const node of this.address.nodes) known.set(nodeText(node), node)
    this.#nodes = [...known.values()]
  }

  get isFound(): boolean {
    return this.#primary !== undefined
  }

  /** Whether this is the node, as far as is known. */
  leadsTo(node: Node): boolean {
    return isSame(node, this.#primary)
  }
}

const isSame = (node: Node, other: Node | undefined): boolean =>
  other !== undefined && node.port === other.port && node.host === other.host

/** `MOVED 1234 host:port`; without a host it is the one that says so. */
export function movedTo(message: string, from: Node): Node | undefined {
  const found = /^MOVED \d+ (.*):(\d+)$/.exec(message)
  if (found === null) return undefined
  return { host: found[1] === '' ? from.host : (found[1] as string), port: Number(found[2]) }
}
