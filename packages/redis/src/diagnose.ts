/** Looks at a server as a doctor would: one finding for each thing that can endanger jobs. */
import { LovageError } from '@lovage/core'
import { addressOf } from './address.ts'
import {
  evictionWarnings,
  type Info,
  isOlder,
  OLDEST,
  parseInfo,
  persistenceWarnings,
  productOf,
  snapshotRules,
} from './check.ts'
import { Connection } from './connection.ts'
import { keysOf } from './keys.ts'
import type { RedisStoreOptions } from './redis-store.ts'
import { Route } from './route.ts'

export interface Finding {
  check: 'connection' | 'version' | 'role' | 'eviction' | 'persistence' | 'memory' | 'latency' | 'clock'
  /** `problem`: jobs are lost or do not run. `warning`: they may, on a bad day. */
  status: 'ok' | 'warning' | 'problem'
  /** What was seen, in a few words. */
  seen: string
  /** What to do about it. */
  advice?: string
}

const PINGS = 20
/** Every step of a worker and every enqueue is a round trip; within one data centre it takes less than one ms. */
const SLOW_MS = 10
/** A server that refuses writes at its limit should be enlarged well before. */
const FULL = 0.8
/** Ages of jobs are told by comparing the two clocks. Below this nobody would notice. */
const SKEW_MS = 2_000

/** @throws LovageError `STORE_UNAVAILABLE` */
export async function diagnose(options: RedisStoreOptions): Promise<Finding[]> {
  const address = addressOf(options)
  const { prefix } = keysOf(options.namespace ?? 'lovage', options.queue ?? 'default')
  const connection = new Connection(new Route(address, prefix), 'doctor')
  const ask = (name: string, ...args: string[]): Promise<unknown> =>
    connection.command(name, args, { repeatable: true })
  try {
    const info = parseInfo((await ask('info')) as string)
    const rules = await snapshotRules(connection)
    return [
      { check: 'connection', status: 'ok', seen: address.name.replace(/^Redis at /, '') },
      versionOf(info),
      roleOf(info),
      evictionOf(info, address.name),
      persistenceOf(info, rules, address.name),
      memoryOf(info),
      await latencyOf(ask),
      await clockOf(ask),
    ]
  } finally {
    await connection.close()
  }
}

type Ask = (name: string, ...args: string[]) => Promise<unknown>

function versionOf(info: Info): Finding {
  const { product, version } = productOf(info)
  const seen = `${product} ${version}`
  return isOlder(version, OLDEST)
    ? {
        check: 'version',
        status: 'problem',
        seen,
        advice: `Lovage needs Redis ${OLDEST} or newer, or Valkey.`,
      }
    : { check: 'version', status: 'ok', seen }
}

function roleOf(info: Info): Finding {
  const role = info['role'] ?? 'unknown'
  if (role !== 'slave') return { check: 'role', status: 'ok', seen: role === 'master' ? 'primary' : role }
  const primary = `${info['master_host'] ?? '?'}:${info['master_port'] ?? '?'}`
  return {
    check: 'role',
    status: 'problem',
    seen: `replica of ${primary}`,
    advice: 'A replica takes no writes: connect to the primary.',
  }
}

function evictionOf(info: Info, store: string): Finding {
  const seen = info['maxmemory_policy'] ?? 'noeviction'
  const [advice] = evictionWarnings(info, store)
  return advice === undefined
    ? { check: 'eviction', status: 'ok', seen }
    : { check: 'eviction', status: 'warning', seen, advice }
}

function persistenceOf(info: Info, rules: string | undefined, store: string): Finding {
  const [advice] = persistenceWarnings(info, rules, store)
  if (advice !== undefined) return { check: 'persistence', status: 'warning', seen: 'none', advice }
  if (info['aof_enabled'] === '1') return { check: 'persistence', status: 'ok', seen: 'append-only file' }
  const seen = rules === undefined ? 'not told (CONFIG is not allowed here)' : `snapshots (save ${rules})`
  return { check: 'persistence', status: 'ok', seen }
}

function memoryOf(info: Info): Finding {
  const used = Number(info['used_memory'] ?? 0)
  const max = Number(info['maxmemory'] ?? 0)
  if (max === 0) return { check: 'memory', status: 'ok', seen: `${mebibytes(used)}, without a limit` }
  const seen = `${mebibytes(used)} of ${mebibytes(max)}`
  return used / max < FULL
    ? { check: 'memory', status: 'ok', seen }
    : {
        check: 'memory',
        status: 'warning',
        seen,
        advice: 'When it is full, jobs are refused. Raise maxmemory, or keep results for a shorter time.',
      }
}

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`

async function latencyOf(ask: Ask): Promise<Finding> {
  const took: number[] = []
  for (let n = 0; n < PINGS; n++) {
    const startedAt = performance.now()
    await ask('ping')
    took.push(performance.now() - startedAt)
  }
  took.sort((a, b) => a - b)
  const median = took[PINGS / 2] as number
  const seen = `${median.toFixed(2)} ms median, ${(took.at(-1) as number).toFixed(2)} ms worst of ${PINGS}`
  return median < SLOW_MS
    ? { check: 'latency', status: 'ok', seen }
    : {
        check: 'latency',
        status: 'warning',
        seen,
        advice: 'Each step of a worker is a round trip: put the workers near the server.',
      }
}

async function clockOf(ask: Ask): Promise<Finding> {
  const sentAt = Date.now()
  const time = await ask('time')
  const middle = (sentAt + Date.now()) / 2
  if (!Array.isArray(time)) throw new LovageError('INTERNAL', { message: 'TIME answered no time.' })
  const skewMs = Math.round(middle - (Number(time[0]) * 1000 + Number(time[1]) / 1000))
  const seen =
    skewMs === 0 ? 'agrees' : `this machine is ${Math.abs(skewMs)} ms ${skewMs > 0 ? 'ahead' : 'behind'}`
  return Math.abs(skewMs) < SKEW_MS
    ? { check: 'clock', status: 'ok', seen }
    : {
        check: 'clock',
        status: 'warning',
        seen,
        advice:
          'Leases and due times follow the server, but ids carry the time of whoever enqueues: ages are shown wrong, ' +
          'and unknown jobs are taken for expired ones. Run NTP on both.',
      }
}
