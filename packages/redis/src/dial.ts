/** How ioredis is told to open one connection, wherever that leads. */
import { connect as connectPlain, type OnReadOpts } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { backoffMs } from '@lovage/core'
import { AbstractConnector, Redis, type RedisOptions, SentinelConnector } from 'ioredis'
import { Answers } from './answers.ts'
import { bySize } from './by-size.ts'
import { hastenTexts } from './fast-texts.ts'
import { packed, type PackedArgs } from './packed-command.ts'
import type { Route } from './route.ts'
import type { Node } from './url.ts'

/** A server in the same network accepts within a millisecond. */
const CONNECT_MS = 5_000
/** Where others may have taken over from a silent one, they are asked sooner. */
const SOON_MS = 2_000
const RETRY_FIRST_MS = 50
const RETRY_MAX_MS = 2_000
const KEEP_ALIVE_MS = 10_000 // idle proxies cut after a minute or more; a dead peer should be known sooner

/**
 * Doubled each time, with jitter: all processes lose Redis at the same moment and should not return at the
 * same one.
 */
export const reconnectMs = (times: number, random: () => number = Math.random): number =>
  backoffMs({ type: 'exponential', firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS }, times, random)

const READ_BYTES = 65_536

/**
 * Node sets so many bytes aside for each read, gives back what was not filled, and hands it through the buffer of a stream,
 * which is a tenth of what a small answer costs. A socket that has a place to read to is spared all that.
 */
const reader = (read: (data: Buffer) => void): OnReadOpts => {
  const { buffer } = Buffer.allocUnsafeSlow(READ_BYTES)
  const view = bySize((count) => Buffer.from(buffer, 0, count)) // to make one took as long as to read a short answer
  return {
    buffer: view(READ_BYTES),
    callback(count) {
      read(view(count))
      return true
    },
  }
}

/** How long a server may take from being called to being of use. */
export const greetingMs = ({ address }: Route): number => (address.kind === 'server' ? CONNECT_MS : SOON_MS)

/** Of what `INFO` says, which ioredis asks for at the start. */
interface ServerInfo {
  role?: string
  run_id?: string
  cluster_enabled?: string
}

export interface Dialled {
  readonly client: Redis
  /** Where the newest connection leads. */
  readonly node: () => Node | undefined
  /** The run id of that server, where it tells. */
  readonly serverRun: () => string | undefined
}

/**
 * ioredis is told to send nothing twice and to queue nothing: what to repeat is decided call by call.
 *
 * @param role What this connection is for, as `CLIENT LIST` will show it.
 * @param retryMs How long to wait before it is opened again.
 */
export function dial(route: Route, role: string, retryMs: (times: number) => number): Dialled {
  hastenTexts()
  const { address } = route
  const { username, password, db, tls, kind, nodes, primary, sentinelAuth } = address
  let node: Node | undefined
  let serverRun: string | undefined
  let client: Redis | undefined
  let left: Redis['stream'] | undefined
  class RouteConnector extends AbstractConnector {
    constructor() {
      super(0)
    }

    override check(info: ServerInfo): boolean {
      serverRun = info.run_id
      if (info.cluster_enabled === '1') route.isCluster = true
      return true
    }

    override async connect() {
      node = route.next()
      const { host, port } = node
      this.connecting = true
      const options = { host, port, onread: reader((data) => stream.emit('data', data)) }
      const stream = tls === undefined ? connectPlain(options) : connectTls({ ...options, ...tls })
      this.stream = stream
      this.stream.on('error', (error) => {
        this.firstError ??= error
      })
      return this.stream
    }
  }
  class InfoSentinelConnector extends SentinelConnector {
    override check(info: ServerInfo): boolean {
      serverRun = info.run_id
      return super.check(info)
    }
  }
  const options = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && { tls }),
    db,
    connectionName: `lovage:${role}`,
    disableClientInfo: true, // `CLIENT SETINFO` came with 7.2, and would be one more right to give
    lazyConnect: true,
    protocol: 2, // scripts answer the same in both, and 2 needs one round trip less to connect
    noDelay: true,
    keepAlive: KEEP_ALIVE_MS,
    connectTimeout: greetingMs(route),
    disconnectTimeout: 0, // we cut the socket ourselves; ioredis waits for one that has closed already
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0, // a lost connection rejects at once what was under way
    retryStrategy: retryMs,
    // After a failover the same name leads elsewhere. Of calls that are refused together one ends the connection: each
    // would leave a listener there.
    reconnectOnError({ message }: Error) {
      const stream = client?.stream
      if (!message.startsWith('READONLY') || stream === left) return false
      left = stream
      return true
    },
  } satisfies RedisOptions
  if (kind !== 'sentinel') {
    client = new Redis({ ...options, Connector: RouteConnector })
    readAnswers(client)
    return { client, node: () => node, serverRun: () => serverRun }
  }
  client = new Redis({
    ...options,
    Connector: InfoSentinelConnector as never,
    sentinels: nodes.map((one) => ({ ...one })),
    name: primary,
    sentinelRetryStrategy: (times: number) => reconnectMs(times),
    ...(tls !== undefined && { enableTLSForSentinelMode: true, sentinelTLS: tls }),
    ...(sentinelAuth?.username !== undefined && { sentinelUsername: sentinelAuth.username }),
    ...(sentinelAuth !== undefined && { sentinelPassword: sentinelAuth.password }),
  })
  readAnswers(client)
  return { client, node: () => undefined, serverRun: () => serverRun }
}

/** Whether it can be written to. */
export const isOpen = ({ status, stream }: Redis): boolean => status === 'ready' && stream.writable

/**
 * Sends in the place of ioredis, on a connection that is ready. Its answer comes in turn with those to its own commands.
 * What cannot be sent is rejected at once: the connection is lost, or the command is longer than a text can be.
 */
export function send(client: Redis, command: Sent): void {
  try {
    write(client, command, bytesOf(client, command))
  } catch (error) {
    command.reject(error)
  }
}

/** One behind the other in one write: all of them, or none. */
export function sendTogether(client: Redis, commands: readonly Sent[]): void {
  try {
    const bytes = commands.map((command) => bytesOf(client, command))
    client.stream.cork()
    for (const [n, command] of commands.entries()) write(client, command, bytes[n] as string | Buffer)
    client.stream.uncork()
  } catch (error) {
    for (const command of commands) command.reject(error)
  }
}

/** What is sent, and what ioredis knows of it: it rejects it where its connection is lost. */
interface Sent {
  readonly name: string
  readonly args: PackedArgs
  resolve(reply: unknown): void
  reject(error: unknown): void
}

function bytesOf(client: Redis, { name, args }: Sent): string | Buffer {
  if (!isOpen(client)) throw new Error('the connection is lost')
  return packed(name, args)
}

function write({ stream, commandQueue }: Redis, command: Sent, bytes: string | Buffer): void {
  if (typeof bytes === 'string') stream.write(bytes, 'latin1')
  else stream.write(bytes)
  commandQueue.push({ command } as never)
}

/**
 * Reads in the place of ioredis. That puts its listener before all others, and where it opens the socket Node does not take
 * note of one that comes that way: what arrives would lie in the buffer of the stream until the next tick.
 */
function readAnswers(client: Redis): void {
  client.on('connect', () => {
    const { stream } = client
    const answers = new Answers((answer) => {
      const item = client.commandQueue.shift()
      if (item === undefined) throw new Error('an answer to nothing')
      if (answer instanceof Error) client.handleReconnection(answer, item)
      else item.command.resolve(answer)
    })
    const read = (chunk: Buffer): void => {
      try {
        answers.read(chunk)
      } catch (error) {
        stream.off('data', read)
        client.recoverFromFatalError(error as Error, error as Error, { offlineQueue: false })
      }
    }
    stream.removeAllListeners('data').on('data', read)
  })
}
