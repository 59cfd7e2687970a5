import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { startRedis } from '../../scripts/redis.mjs'
import { CommandWatch, sinceOf } from '../kit/command-watch.ts'
import { redisQueues } from './redis-queue.ts'
import { storeContract } from './store-contract.ts'

// A server of its own, where nobody else is heard; unless one is given, which may be of any version.
const given = process.env['LOVAGE_TEST_REDIS_URL']
const server = given === undefined ? await startRedis() : undefined
const url = server?.url ?? given
const watch = await CommandWatch.on(url as string)
afterAll(async () => {
  await watch[Symbol.asyncDispose]()
  await server?.stop()
})

storeContract('Redis', redisQueues(url))

test('every command that all this took is listed in docs/operations.md, under the version that brought it', async ({
  skip,
}) => {
  if (given !== undefined) return skip('others may use the server that was given')
  const redis = new Redis(url as string, { disableClientInfo: true })
  onTestFinished(() => redis.disconnect())
  const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
  const rows = page.matchAll(/^\| (\d+\.\d+) \| (`.*`) \|$/gm)
  const listed = new Map(
    [...rows].flatMap(([, version = '', list = '']) => names(list).map((name) => [name, version] as const)),
  )
  for (const [name, since] of await watch.heard(redis)) expect(listed.get(name), name).toBe(since)
  for (const [name, version] of listed) {
    expect(await sinceOf(redis, name), name).toBe(version)
    expect(Number(version)).toBeLessThanOrEqual(6.2)
  }
})

const names = (list: string): string[] => [...list.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string)
