/** Where the server is and how to get in, checked before anything is opened. */
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { nodeText, type ParsedUrl, parseUrl, parseUrls } from './url.ts'

export interface AddressOptions {
  /**
   * `redis://user:password@host:port/db`, or `rediss://` for TLS. Default `redis://localhost:6379`.
   *
   * Of a cluster: some of its nodes, as a list or as `redis://user:password@host:port,host:port`; the others are
   * found. Behind sentinels: `redis+sentinel://user:password@host:port,host:port/name/db`.
   */
  url?: string | readonly string[]
  /**
   * More for the TLS handshake: a private CA, a client certificate. Turns TLS on for a `redis://` address,
   * too.
   */
  tls?: TlsOptions
  /** Accepts any certificate: whoever stands in between can then read and change all. Default false. */
  insecureTls?: boolean
  /** How to get into the sentinels themselves, where they ask for it. */
  sentinelAuth?: { username?: string; password: string }
}

export interface Address extends ParsedUrl {
  readonly tls: TlsOptions | undefined
  readonly sentinelAuth: AddressOptions['sentinelAuth']
  /** `Redis at localhost:6379`: for messages, so without the password. */
  readonly name: string
}

/** @throws LovageError `OPTION_INVALID`, without quoting the URL: it may hold a password. */
export function addressOf({
  url = 'redis://localhost:6379',
  tls,
  insecureTls = false,
  sentinelAuth,
}: AddressOptions): Address {
  const parsed = typeof url === 'string' ? parseUrl(url) : parseUrls(url)
  const needsTls = parsed.isTls || tls !== undefined || insecureTls
  return {
    ...parsed,
    tls: needsTls ? { ...tls, ...(insecureTls && { rejectUnauthorized: false }) } : undefined,
    sentinelAuth,
    name: nameOf(parsed),
  }
}

function nameOf({ kind, nodes, primary, db }: ParsedUrl): string {
  const where = nodes.map(nodeText).join(',')
  const which = db > 0 ? `/${db}` : ''
  switch (kind) {
    case 'server':
      return `Redis at ${where}${which}`
    case 'cluster':
      return `Redis Cluster at ${where}`
    case 'sentinel':
      return `Redis "${primary}" behind the sentinels at ${where}${which}`
    default:
      return kind satisfies never
  }
}
