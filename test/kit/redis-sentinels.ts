/** A primary with replicas and the sentinels that watch over them: real processes. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '../../scripts/redis.mjs'
import { eventually, inSync, leads } from './redis-cluster.ts'
import { RedisNode } from './redis-node.ts'

/** How long a primary may be silent before its sentinels take it for failed. */
const DOWN_AFTER_MS = 1_000
const PRIMARY = 'main'

export class RedisSentinels implements AsyncDisposable {
  /** The first one is the primary at the start. */
  readonly nodes: readonly RedisNode[]
  readonly sentinels: readonly RedisNode[]
  readonly #dir: string

  private constructor(nodes: readonly RedisNode[], sentinels: readonly RedisNode[], dir: string) {
    this.nodes = nodes
    this.sentinels = sentinels
    this.#dir = dir
  }

  static async start({
    replicas = 2,
    args = [],
    tls,
  }: { replicas?: number; args?: readonly string[]; tls?: readonly string[] } = {}): Promise<RedisSentinels> {
    const dir = await mkdtemp(path.join(tmpdir(), 'lovage-sentinels-'))
    // Between servers as well.
    const among = tls === undefined ? [] : ['--tls-replication', 'yes']
    const settings = ['--repl-diskless-sync-delay', '0', ...among, ...args]
    const secured = tls === undefined ? {} : { tls }
    const primary = await RedisNode.start({ args: settings, ...secured })
    const replicaOf = ['--replicaof', '127.0.0.1', String(primary.wirePort)]
    const others = Array.from({ length: replicas }, () =>
      RedisNode.start({ args: [...replicaOf, ...settings], ...secured }),
    )
    const nodes = [primary, ...(await Promise.all(others))]
    for (const replica of nodes.slice(1)) await inSync(replica)
    const sentinels = Array.from({ length: 3 }, async () => {
      const file = path.join(dir, `${await freePort()}.conf`)
      await writeFile(
        file,
        [
          `sentinel monitor ${PRIMARY} 127.0.0.1 ${primary.wirePort} 2`,
          `sentinel down-after-milliseconds ${PRIMARY} ${DOWN_AFTER_MS}`,
          `sentinel failover-timeout ${PRIMARY} 5000`,
        ].join('\n'),
      )
      return RedisNode.start({ sentinel: file, args: among, ...secured })
    })
    const all = new RedisSentinels(nodes, await Promise.all(sentinels), dir)
    // A failover needs sentinels that know one another, and the replicas.
    for (const { redis } of all.sentinels) {
      await eventually(async () => {
        const fields = (await redis.call('SENTINEL', 'MASTER', PRIMARY)) as string[]
        const of = (name: string) => fields[fields.indexOf(name) + 1]
        return of('num-other-sentinels') === '2' && of('num-slaves') === String(replicas)
      })
    }
    return all
  }

  get url(): string {
    const scheme = this.nodes[0]?.tlsPort === undefined ? 'redis' : 'rediss'
    const places = this.sentinels.map(({ wirePort }) => `127.0.0.1:${wirePort}`)
    return `${scheme}+sentinel://${places.join(',')}/${PRIMARY}`
  }

  async primary(): Promise<RedisNode> {
    const [{ redis }] = this.sentinels as [RedisNode]
    const [, port] = (await redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', PRIMARY)) as string[]
    return this.nodes.find((node) => node.wirePort === Number(port)) as RedisNode
  }

  /** Resolves when another node leads, with that one. */
  async replaced(old: RedisNode): Promise<RedisNode> {
    await eventually(async () => (await this.primary()) !== old)
    const primary = await this.primary()
    await leads(primary)
    return primary
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.sentinels, ...this.nodes].map((node) => node[Symbol.asyncDispose]()))
    await rm(this.#dir, { recursive: true, force: true })
  }
}
