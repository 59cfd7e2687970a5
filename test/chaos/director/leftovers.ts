/** Every key that is there when nothing is left to do, accounted for by name. */
import type { Redis } from 'ioredis'

/** What stays, and why. What no line here explains should not be there. */
const STAYS: readonly [name: RegExp, why: string][] = [
  [/^outcomes$/, 'the feed'],
  [/^tail$/, 'the newest place of the feed'],
  [/^(held|groups|g:.*)$/, 'consumer groups, until they are deleted'],
  [/^(r|said):[0-9a-f-]{36}$/, 'outcomes and what jobs said, with an end'],
  [/^(tag|last|once|starts):.*$/s, 'tags, newest jobs, windows and starts, with an end'],
  [/^(failed|dead)$/, 'failed jobs, as long as they are kept for a retry'],
  [/^since$/, 'when delayed jobs came due, the newest ones, with an end'],
  [/^results$/, 'ids of outcomes, the newest ones: their number is bounded'],
  [/^(limits|schedules|ticks|timers)$/, 'what workers have declared'],
  [/^(turn|turns|streaks)$/, 'counters, one for each queue'],
  [/^wake:.*$/, 'at most one element'],
  [/^idle:.*$/, 'sessions that wait for a job'],
  [/^(tombs|wait:.*)$/, 'ids of cancelled jobs, until a claim comes past them: looked at below'],
]

/** Those that must have an end. */
const MUST_EXPIRE = /^((r|said|tag|last|once|starts):|since$)/

/** Names of keys that should not be there, with what is wrong. */
export async function leftovers(redis: Redis, tags: readonly string[]): Promise<string[]> {
  const prefixes = tags.map((tag) => `{${tag}}:`)
  const wrong = (await Promise.all(prefixes.map((prefix) => unburied(redis, prefix)))).flat()
  for (const key of await keysOf(redis)) {
    if (tags.length > 1 && key.endsWith('}:layout')) continue // how the partitions lie
    const prefix = prefixes.find((one) => key.startsWith(one)) ?? ''
    const name = key.slice(prefix.length)
    if (prefix === '') wrong.push(`${key}: outside of the namespace`)
    else if (!STAYS.some(([pattern]) => pattern.test(name))) wrong.push(name)
    else if (MUST_EXPIRE.test(name) && (await redis.pttl(key)) === -1) wrong.push(`${name}: without an end`)
  }
  return wrong
}

/** What waits in a line when nothing is left to do must be a tombstone, and each tombstone must be in its line. */
async function unburied(redis: Redis, prefix: string): Promise<string[]> {
  const tombs = new Map(Object.entries(await redis.hgetall(`${prefix}tombs`)))
  const wrong: string[] = []
  for (const line of new Set(['default', ...tombs.values()])) {
    for (const id of await redis.lrange(`${prefix}wait:${line}`, 0, -1))
      if (!tombs.delete(id)) wrong.push(`wait:${line}: ${id}`)
  }
  return [...wrong, ...[...tombs].map(([id, line]) => `tombs: ${id}, which is not in ${line}`)]
}

async function keysOf(redis: Redis): Promise<string[]> {
  const keys: string[] = []
  for (let cursor = '0'; ;) {
    const [next, some] = await redis.scan(cursor, 'COUNT', 1_000)
    keys.push(...some)
    if (next === '0') return [...new Set(keys)]
    cursor = next
  }
}

/** How many keys there are of each name; a name ends where what is different begins. */
export async function keysByName(redis: Redis, namespace: string): Promise<Map<string, number>> {
  const prefix = `{${namespace}:default}:`
  const counts = new Map<string, number>()
  for (const key of await keysOf(redis)) {
    const name = (key.startsWith(prefix) ? key.slice(prefix.length) : key).replace(/:.*/s, ':…')
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}
