// One Redis for the whole run: a private one, or the one that LOVAGE_TEST_REDIS_URL names.
// A test reads its address with `inject('redisUrl')` and keeps to keys under a prefix of its own.
import type { TestProject } from 'vitest/node'
import { startRedis } from '../../scripts/redis.mjs'

declare module 'vitest' {
  export interface ProvidedContext {
    redisUrl: string
  }
}

export default async function provideRedis(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env['LOVAGE_TEST_REDIS_URL']
  if (given) {
    project.provide('redisUrl', given)
    return undefined
  }
  const redis = await startRedis()
  project.provide('redisUrl', redis.url)
  return () => redis.stop()
}
