/**
 * One connection string for every kind of server:
 *
 * | string                                              | is                                             |
 * |-----------------------------------------------------|------------------------------------------------|
 * | `redis://user:password@host:port/db`                | one server, or any node of a cluster           |
 * | `redis://user:password@host:port,host:port`         | nodes of a cluster: those to ask at the start  |
 * | `redis+sentinel://user:password@host:port,…/name/db` | sentinels, and what they call the primary     |
 *
 * `rediss` in the place of `redis`: TLS, to sentinels as well.
 */
import { LovageError } from '@lovage/core'

export interface Node {
  readonly host: string
  readonly port: number
}

export interface ParsedUrl {
  readonly kind: 'server' | 'cluster' | 'sentinel'
  /** Servers, or sentinels, in the order in which they were given. */
  readonly nodes: readonly Node[]
  readonly isTls: boolean
  readonly username?: string
  readonly password?: string
  readonly db: number
  /** Of sentinels: the name of the primary. */
  readonly primary?: string
}

const FORM =
  /^(redis|rediss|redis\+sentinel|rediss\+sentinel):\/\/(?:([^@/?#]*)@)?([^@/?#]*)(\/[^?#]*)?(?:\?[^#]*)?$/
const REDIS_PORT = 6379
const SENTINEL_PORT = 26_379

/** @throws LovageError `OPTION_INVALID`, without quoting the URL: it may hold a password. */
export function parseUrl(url: string): ParsedUrl {
  const form = FORM.exec(url)
  if (form === null) {
    const scheme = /^([a-z][a-z0-9+.-]*:)/i.exec(url)?.[1]
    // `localhost:6379` looks like a scheme, but nobody means one.
    throw invalid(
      scheme === undefined || !url.includes('://') ? 'no URL' : `a URL that starts with ${scheme}`,
    )
  }
  const [, scheme = '', userInfo = '', hosts = '', path = ''] = form
  const isSentinel = scheme.endsWith('sentinel')
  const nodes = hosts.split(',').map((text) => parseNode(text, isSentinel ? SENTINEL_PORT : REDIS_PORT))
  const parts = path.split('/').slice(1)
  const primary = isSentinel ? decoded(parts.shift() ?? '') : undefined
  if (primary === '') throw invalid('sentinels without the name of their primary')
  const [db = ''] = parts
  if (!/^\d*$/.test(db)) throw invalid('a database that is no number')
  const kind = isSentinel ? 'sentinel' : nodes.length > 1 ? 'cluster' : 'server'
  if (kind === 'cluster' && Number(db) > 0)
    throw invalid('several nodes and a database: a cluster has only one')
  const colon = userInfo.indexOf(':')
  const username = decoded(colon === -1 ? userInfo : userInfo.slice(0, colon))
  const password = colon === -1 ? '' : decoded(userInfo.slice(colon + 1))
  return {
    kind,
    nodes,
    isTls: scheme.startsWith('rediss'),
    ...(username !== '' && { username }),
    ...(password !== '' && { password }),
    db: Number(db),
    ...(primary !== undefined && { primary }),
  }
}

/** Several addresses as one: the first one says all but where the others are. @throws LovageError `OPTION_INVALID` */
export function parseUrls(urls: readonly string[]): ParsedUrl {
  const [first, ...others] = urls.map(parseUrl)
  if (first === undefined) throw invalid('an empty list')
  if (
    others.some(
      ({ kind, isTls }) => (kind === 'sentinel') !== (first.kind === 'sentinel') || isTls !== first.isTls,
    )
  )
    throw invalid('a list of addresses of different kinds')
  if (others.length === 0) return first
  const nodes = [first, ...others].flatMap((one) => one.nodes)
  return { ...first, nodes, kind: first.kind === 'sentinel' ? 'sentinel' : 'cluster' }
}

/** `host`, `host:port`, `[::1]:port`. */
function parseNode(text: string, defaultPort: number): Node {
  const found = /^(\[[\da-f:.]+\]|[^:[\]\s]*)(?::(\d{1,5}))?$/i.exec(text)
  const port = Number(found?.[2] ?? defaultPort)
  if (found === null || port > 65_535) throw invalid('a host that cannot be read')
  return { host: (found[1] as string).replace(/^\[|\]$/g, '') || 'localhost', port }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid('a % that begins no percent-encoding')
  }
}

const invalid = (seen: string): LovageError =>
  new LovageError('OPTION_INVALID', {
    option: 'url',
    seen,
    expected:
      'redis://host:port, redis://host:port,host:port for a cluster, or redis+sentinel://host:port,host:port/name; ' +
      'rediss in the place of redis for TLS',
  })

/** As it is written in an address and in messages. */
export const nodeText = ({ host, port }: Node): string => `${host.includes(':') ? `[${host}]` : host}:${port}`
