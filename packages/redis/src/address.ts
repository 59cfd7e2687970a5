/** Where the server is and how to get in, checked before anything is opened. */
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { LovageError } from '@lovage/core'

export interface AddressOptions {
  /** `redis://user:password@host:port/db`, or `rediss://` for TLS. Default `redis://localhost:6379`. */
  url?: string
  /**
   * More for the TLS handshake: a private CA, a client certificate. Turns TLS on for a `redis://` address,
   * too.
   */
  tls?: TlsOptions
  /** Accepts any certificate: whoever stands in between can then read and change all. Default false. */
  insecureTls?: boolean
}

export interface Address {
  readonly url: string
  readonly tls: TlsOptions | undefined
  /** `Redis at localhost:6379`: for messages, so without the password. */
  readonly name: string
}

/** @throws LovageError `OPTION_INVALID`, without quoting the URL: it may hold a password. */
export function addressOf({
  url = 'redis://localhost:6379',
  tls,
  insecureTls = false,
}: AddressOptions): Address {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !/^rediss?:$/.test(parsed.protocol)) {
    throw new LovageError('OPTION_INVALID', {
      option: 'url',
      seen: parsed === undefined ? 'no URL' : `a URL that starts with ${parsed.protocol}`,
      expected: 'redis://host:port, or rediss://host:port for TLS',
    })
  }
  const db = parsed.pathname.length > 1 ? parsed.pathname : ''
  const needsTls = parsed.protocol === 'rediss:' || tls !== undefined || insecureTls
  return {
    url,
    tls: needsTls ? { ...tls, ...(insecureTls && { rejectUnauthorized: false }) } : undefined,
    name: `Redis at ${parsed.hostname || 'localhost'}:${parsed.port || '6379'}${db}`,
  }
}
