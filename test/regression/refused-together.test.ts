// Of each call that a replica refused, the driver ended the connection once more: after a failover with many calls under way
// Node warned of a leak (MaxListenersExceededWarning).
import { createRedisStore } from '@lovage/redis'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { nodeWarnings } from '../kit/node-warnings.ts'
import { withRedis } from '../redis/stage.ts'

test('calls that a replica refuses together leave nothing behind, and are made when it is one no longer', () =>
  withRedis([], async ({ url }) => {
    const warnings = nodeWarnings()
    const redis = new Redis(url)
    const store = createRedisStore({ url, onWarning: () => {} })
    await store.pause({ task: 'first' })
    await redis.replicaof('127.0.0.1', 1)
    await redis.client('PAUSE', 60_000, 'WRITE') // so that all answers come in one piece
    const calls = Promise.all(Array.from({ length: 30 }, (_, n) => store.pause({ task: `task-${n}` })))
    await redis.client('UNPAUSE')
    await redis.replicaof('NO', 'ONE')
    expect(await calls).toHaveLength(30)
    expect(await store.paused()).toHaveLength(31)
    expect(warnings).toEqual([])
    redis.disconnect()
    await store.close()
  }))
