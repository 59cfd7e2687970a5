/** What to try when Redis cannot be reached, told by what the attempt came to. */

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /ECONNREFUSED/,
    'Nothing listens there. Start one (docker run --rm -p 6379:6379 redis), or name another with --redis or REDIS_URL.',
  ],
  [/ENOTFOUND|EAI_AGAIN/, 'No such host: check the address in --redis or REDIS_URL.'],
  [
    /CLUSTERDOWN|no node of the cluster/,
    'Of this cluster some slots are served by nobody: `redis-cli --cluster check host:port` tells which.',
  ],
  [/TRYAGAIN|^ASK /, 'The slot of these keys is being moved to another node: try again when that is over.'],
  [
    /cluster support disabled/,
    'Several nodes were named, but this one is a server of its own: name that one alone.',
  ],
  [
    /sentinels are unreachable/,
    'No sentinel answers: check the addresses, and the name of the primary behind the slash.',
  ],
  [
    /NOAUTH|WRONGPASS|NOPERM/,
    'It asks for a password: redis://user:password@host:port, with the characters @ : / % in it percent-encoded.',
  ],
  [
    /CERT|SIGNATURE|self.signed|certificate/i,
    'Its certificate is not trusted: set NODE_EXTRA_CA_CERTS to the file of its CA.',
  ],
  [
    /connection was lost|ECONNRESET|EPIPE|Protocol error|wrong version number|packet length/i,
    'It hangs up. Does it want TLS (rediss://…), or does rediss:// meet a server without TLS?',
  ],
  [/ETIMEDOUT|in time|no answer/, 'Nobody answers: a firewall, a VPN, or a server that is stuck.'],
]

/** @param cause The text of what went wrong. */
export const helpWithStore = (cause: string): string =>
  ADVICE.find(([pattern]) => pattern.test(cause))?.[1] ?? '`lovage doctor` looks at the server in detail.'
