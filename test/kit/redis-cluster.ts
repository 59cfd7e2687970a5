/** A real Redis Cluster of server processes, each with a replica, and what an operator does to one. */
import { vi } from 'vitest'
import { freePort } from '../../scripts/redis.mjs'
import { RedisNode } from './redis-node.ts'

const SLOTS = 16_384
/** A server waits 5 s for an ordered change of roles. */
const GIVEN_UP_MS = 6_000
/** How long a node may be silent before the others take it for failed. */
const NODE_TIMEOUT_MS = 1_000

export class RedisCluster implements AsyncDisposable {
  readonly nodes: readonly RedisNode[]
  #ids = new Map<RedisNode, string>()

  private constructor(nodes: readonly RedisNode[]) {
    this.nodes = nodes
  }

  /** Primaries first, then as many replicas. */
  static async start({
    primaries = 3,
    args = [],
    tls,
  }: { primaries?: number; args?: readonly string[]; tls?: readonly string[] } = {}): Promise<RedisCluster> {
    const settings = async (): Promise<string[]> => [
      ...['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())],
      ...['--cluster-node-timeout', String(NODE_TIMEOUT_MS)],
      // A slot that nobody serves must not stop the others; a replica that was cut off for long may still take over.
      ...['--cluster-require-full-coverage', 'no', '--cluster-replica-validity-factor', '0'],
      ...['--cluster-allow-replica-migration', 'no', '--repl-diskless-sync-delay', '0', ...args],
      // Between nodes as well.
      ...(tls === undefined ? [] : ['--tls-cluster', 'yes', '--tls-replication', 'yes']),
    ]
    // A port that was free may be taken by the time that the server listens: then by another one.
    const startNode = async (attempts = 3): Promise<RedisNode> => {
      try {
        return await RedisNode.start({ args: await settings(), ...(tls && { tls }) })
      } catch (error) {
        if (attempts === 1) throw error
        return startNode(attempts - 1)
      }
    }
    const cluster = new RedisCluster(
      await Promise.all(Array.from({ length: primaries * 2 }, () => startNode())),
    )
    await cluster.#form(primaries)
    return cluster
  }

  /** All nodes in one connection string. */
  get url(): string {
    const scheme = this.nodes[0]?.tlsPort === undefined ? 'redis' : 'rediss'
    return `${scheme}://${this.nodes.map(({ wirePort }) => `127.0.0.1:${wirePort}`).join(',')}`
  }

  async #form(primaries: number): Promise<void> {
    const [first] = this.nodes as [RedisNode]
    for (const [n, { redis }] of this.nodes.entries()) {
      await redis.cluster('SET-CONFIG-EPOCH', n + 1)
      if (n >= primaries) continue
      const from = Math.floor((SLOTS * n) / primaries)
      await redis.cluster('ADDSLOTSRANGE', from, Math.floor((SLOTS * (n + 1)) / primaries) - 1)
    }
    for (const node of this.nodes) this.#ids.set(node, String(await node.redis.cluster('MYID')))
    for (const node of this.nodes.slice(1)) {
      const [, bus] = await node.redis.config('GET', 'cluster-port')
      await first.redis.call('CLUSTER', 'MEET', '127.0.0.1', String(node.wirePort), bus as string)
    }
    for (const node of this.nodes) {
      await eventually(async () => Number((await infoOf(node))['cluster_known_nodes']) === this.nodes.length)
    }
    for (const [n, replica] of this.nodes.slice(primaries).entries()) {
      const primary = this.nodes[n] as RedisNode
      await eventually(async () => {
        await replica.redis.cluster('REPLICATE', this.idOf(primary))
        return true
      })
    }
    for (const node of this.nodes) {
      await eventually(async () => (await infoOf(node))['cluster_state'] === 'ok')
    }
    for (const replica of this.nodes.slice(primaries)) await inSync(replica)
    // Only then all know all, which is what a failover needs.
    for (const node of this.nodes) {
      await eventually(
        async () => String(await node.redis.cluster('NODES')).split('slave').length - 1 === primaries,
      )
    }
  }

  idOf(node: RedisNode): string {
    return this.#ids.get(node) as string
  }

  /** The node that has the slot of some key, as any node that answers sees it. */
  async primaryOf(key: string, seenBy: RedisNode = this.nodes[0] as RedisNode): Promise<RedisNode> {
    const slot = Number(await seenBy.redis.cluster('KEYSLOT', key))
    const ranges = (await seenBy.redis.cluster('SLOTS')) as unknown as [number, number, [string, number]][]
    const port = ranges.find(([from, to]) => from <= slot && slot <= to)?.[2][1]
    const node = this.nodes.find((one) => one.port === port)
    if (node === undefined) throw new Error(`Nobody has the slot of ${key}.`)
    return node
  }

  /** A replica of a primary, in sync with it; after a change of roles as soon as there is one. */
  async replicaOf(primary: RedisNode): Promise<RedisNode> {
    const found: RedisNode[] = []
    await eventually(async () => {
      for (const node of this.nodes) {
        if (node === primary) continue
        const { role, master_port: port } = infoFields(await node.redis.info('replication'))
        if (role === 'slave' && Number(port) === primary.wirePort) found.push(node)
      }
      return found.length > 0
    })
    const [replica] = found as [RedisNode]
    await inSync(replica)
    return replica
  }

  /**
   * An ordered change of roles; resolves when the replica leads. Who was a primary a moment ago is no replica yet; and the
   * server gives a change up after 5 s, without a word, for instance where a vote was lost: then it is asked again.
   */
  async failOver(replica: RedisNode): Promise<void> {
    await inSync(replica)
    let askedAt = Number.NEGATIVE_INFINITY
    await eventually(async () => {
      if (await isPrimary(replica)) return true
      if (performance.now() - askedAt > GIVEN_UP_MS) {
        askedAt = performance.now()
        await replica.redis.cluster('FAILOVER')
      }
      return false
    })
  }

  /**
   * Moves a slot as `redis-cli --cluster reshard` does, key by key. `during` runs when those in `first`, or some, are
   * there already and the others are not.
   */
  async moveSlot(
    key: string,
    to: RedisNode,
    { first, during = async () => {} }: { first?: readonly string[]; during?: () => Promise<void> } = {},
  ): Promise<void> {
    const from = await this.primaryOf(key)
    const slot = Number(await from.redis.cluster('KEYSLOT', key))
    await to.redis.cluster('SETSLOT', slot, 'IMPORTING', this.idOf(from))
    await from.redis.cluster('SETSLOT', slot, 'MIGRATING', this.idOf(to))
    const next = () => from.redis.cluster('GETKEYSINSLOT', slot, 3)
    const move = (keys: readonly string[]) =>
      from.redis.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys)
    await move(first ?? (await next()))
    await during()
    for (let keys = await next(); keys.length > 0; keys = await next()) await move(keys)
    for (const node of [to, from]) await node.redis.cluster('SETSLOT', slot, 'NODE', this.idOf(to))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()))
  }
}

/** Resolves when a node has become a primary that answers. */
export const leads = (node: RedisNode): Promise<void> => eventually(() => isPrimary(node))

const isPrimary = async ({ redis }: RedisNode): Promise<boolean> =>
  infoFields(await redis.info('replication'))['role'] === 'master'

export const inSync = ({ redis }: RedisNode): Promise<void> =>
  eventually(async () => infoFields(await redis.info('replication'))['master_link_status'] === 'up')

const infoOf = async ({ redis }: RedisNode) => infoFields(String(await redis.cluster('INFO')))

function infoFields(text: string): Partial<Record<string, string>> {
  const lines = text.split(/\r?\n/).filter((line) => line.includes(':'))
  return Object.fromEntries(lines.map((line) => line.split(':') as [string, string]))
}

export const eventually = (check: () => Promise<boolean>): Promise<void> =>
  vi.waitFor(
    async () => {
      if (!(await check())) throw new Error('Not yet.')
    },
    { timeout: 15_000, interval: 25 },
  )
