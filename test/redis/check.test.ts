// What check() tells an operator.
import { createRedisStore } from '@lovage/redis'
import { expect, test } from 'vitest'
import { withRedis } from './stage.ts'

const warningsOf = (args: readonly string[]): Promise<string[]> =>
  withRedis(args, async ({ url }) => {
    const store = createRedisStore({ url })
    try {
      return await store.check()
    } finally {
      await store.close()
    }
  })

test('a server that evicts and one that forgets are warned about, with what to set', async () => {
  const warnings = await warningsOf(['--maxmemory-policy', 'allkeys-lru'])
  expect(warnings).toEqual([
    expect.stringMatching(/eviction policy allkeys-lru.*waiting jobs.*Set maxmemory-policy to noeviction/),
    expect.stringMatching(/writes nothing to disk.*Set appendonly yes/),
  ])
})

test('nothing is said of a server that keeps what it is given', async () => {
  expect(await warningsOf(['--appendonly', 'yes'])).toEqual([])
  expect(await warningsOf(['--save', '3600 1'])).toEqual([])
})
