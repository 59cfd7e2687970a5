// What ends a wait at Redis was a push and an expiry, one behind the other. A server that was full refused the push; it was sent again,
// when the session had left and the expiry had come to nothing, and its key stayed for good. Chaos found it (seed 80).
import { createRedisStore } from '@lovage/redis'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { joinAll, step } from '../conformance/acts.ts'
import { waitOptions } from '../redis/idle-session.ts'
import { blocked, withRedis } from '../redis/stage.ts'

test('a full server refuses nothing that ends a wait, and a session that leaves it leaves no key behind', async () => {
  await withRedis(['--maxmemory-policy', 'noeviction'], async ({ url }) => {
    const store = createRedisStore({ url, namespace: 'full', onWarning: () => {} })
    const admin = new Redis(url)
    await joinAll(store, 'one')
    await step(store, 'one')
    const forCancels = store.wait('one', { ...waitOptions(), work: false, signal: AbortSignal.timeout(10) })
    await blocked(admin, 'full', 'wait')
    await forCancels // its pop goes on, and has to end for the next one to hear of work
    await admin.config('SET', 'maxmemory', '1kb')
    const forWork = store.wait('one', waitOptions())
    await store.leave('one')
    await forWork
    expect(await admin.info('errorstats')).not.toContain('OOM')
    expect(await admin.keys('*:ctl:*')).toEqual([])
    await admin.config('SET', 'maxmemory', '0')
    await store.close()
    admin.disconnect()
  })
})
