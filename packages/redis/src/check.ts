/** What an operator should know about a server's settings before trusting it with jobs. */
import { LovageError } from '@lovage/core'
import type { Connection } from './connection.ts'

/** `LPOP` with a count, `ZRANGE … BYSCORE` and exclusive `XRANGE` came with 6.2; the first Valkey is 7.2. */
export const OLDEST = '6.2'

/** @throws LovageError `STORE_UNSUPPORTED`, `STORE_UNAVAILABLE` */
export async function checkServer(connection: Connection, store: string): Promise<string[]> {
  const info = parseInfo((await connection.command('info', [], { repeatable: true })) as string)
  const { product, version } = productOf(info)
  if (isOlder(version, OLDEST)) {
    throw new LovageError('STORE_UNSUPPORTED', {
      store,
      seen: `${product} ${version}`,
      needed: `Redis ${OLDEST} or newer, or Valkey`,
    })
  }
  return [
    ...evictionWarnings(info, store),
    ...persistenceWarnings(info, await snapshotRules(connection), store),
  ]
}

export type Info = Partial<Record<string, string>>

export function parseInfo(text: string): Info {
  const lines = text.split(/\r?\n/).filter((line) => line.includes(':'))
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  )
}

/** Valkey calls itself Redis 7.2.4 for old clients, and gives its own name and version beside that. */
export function productOf(info: Info): { product: string; version: string } {
  const valkey = info['valkey_version']
  if (valkey !== undefined) return { product: 'Valkey', version: valkey }
  return {
    product: info['server_name'] === 'valkey' ? 'Valkey' : 'Redis',
    version: info['redis_version'] ?? 'of unknown version',
  }
}

export function isOlder(version: string, than: string): boolean {
  const [major = Number.NaN, minor = 0] = version.split('.').map(Number)
  const [needMajor = 0, needMinor = 0] = than.split('.').map(Number)
  return !(major > needMajor || (major === needMajor && minor >= needMinor))
}

export function evictionWarnings(info: Info, store: string): string[] {
  const policy = info['maxmemory_policy'] ?? 'noeviction'
  if (policy === 'noeviction') return []
  return [
    `${store} has the eviction policy ${policy}: when its memory is full it deletes keys, and with them ` +
      'waiting jobs. Set maxmemory-policy to noeviction; then a full server refuses new jobs instead.',
  ]
}

/** @param rules The server's `save` setting; `undefined` where it does not tell: then it is believed. */
export function persistenceWarnings(info: Info, rules: string | undefined, store: string): string[] {
  if (info['aof_enabled'] === '1' || rules !== '') return []
  return [
    `${store} writes nothing to disk: jobs and results are gone when it restarts. ` +
      'Set appendonly yes (with appendfsync everysec a crash costs at most about a second of work).',
  ]
}

/** Managed servers often keep CONFIG to themselves, and persist. */
export async function snapshotRules(connection: Connection): Promise<string | undefined> {
  try {
    const [, rules] = (await connection.command('config', ['get', 'save'], { repeatable: true })) as string[]
    return rules
  } catch {
    return undefined
  }
}
