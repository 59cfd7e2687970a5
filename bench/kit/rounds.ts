/** What every measurement needs: rounds in turn, their median, and one way to print them. */
import { Redis } from 'ioredis'

export const url = process.env['REDIS_URL'] ?? 'redis://localhost:6379'
const ROUNDS = Number(process.env['ROUNDS'] ?? 3)

/** 100 bytes as JSON. */
export const input = { text: 'x'.repeat(87) }

/** Where BullMQ finds the same server. */
export function connection(): { host: string; port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}

/** Empties the database: the next round starts as the last one did. */
export async function empty(): Promise<void> {
  const redis = new Redis(url)
  await redis.flushdb()
  await redis.quit()
}

/** Runs each contestant once a round, in turn, so that a machine that slows down slows them all. */
export async function inTurn<Name extends string, Measure>(
  contestants: Record<Name, () => Promise<Measure>>,
): Promise<Record<Name, Measure[]>> {
  const measures = Object.fromEntries(
    Object.keys(contestants).map((name) => [name, []]),
  ) as unknown as Record<Name, Measure[]>
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of Object.keys(contestants) as Name[]) {
      measures[name].push(await contestants[name]())
      await empty()
    }
  }
  return measures
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number
}

export const line = (
  what: string,
  name: string,
  figure: string,
  rounds: readonly number[],
  digits = 0,
): string =>
  `${what.padEnd(24)} ${name.padEnd(7)} ${figure.padStart(16)}   (${rounds.map((value) => value.toFixed(digits)).join(' ')})`
