// Somebody says FLUSHALL: all is gone, and everybody must notice. Whoever waits for what was there is told, and what
// comes afterwards is worked on, followed and limited as if nothing had happened.
import { isLovageError } from '@lovage/core'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { startRedis } from '../../scripts/redis.mjs'
import { House } from './house.ts'

test('after FLUSHALL waits end, followers are told of a gap, and new jobs are worked on', async () => {
  const server = await startRedis()
  const admin = new Redis(server.url)
  try {
    await using house = await House.open(server.url, { STUCK_FROM: '1000' })
    const client = house.client()
    const { jobs } = client
    const feed = jobs.notices()
    expect((await feed.next()).value).toMatchObject({ type: 'ready' })
    const done = await jobs.double.enqueue({ n: 1 })
    await done.result({ timeout: '20s' })
    const running = await jobs.double.enqueue({ n: 1000 })
    const following = running[Symbol.asyncIterator]()
    for (let type = ''; type !== 'progress';) type = (await following.next()).value?.type ?? 'progress'
    const waiting = running.result({ timeout: '25s' }).catch((error: unknown) => error)

    await admin.flushall()

    const after = await jobs.double.enqueue({ n: 2 })
    expect(await after.result({ timeout: '25s' })).toMatchObject({ doubled: 4 })
    const error = await waiting
    expect(isLovageError(error, 'NOT_FOUND'), String(error)).toBe(true)
    const types: string[] = []
    for await (const notice of feed) {
      types.push(notice.type)
      if ('jobId' in notice && notice.jobId === after.id && notice.type === 'succeeded') break
    }
    expect(types).toContain('gap')
    const leftBehind = await jobs.get(running.id).catch((thrown: unknown) => thrown)
    expect(isLovageError(leftBehind, 'NOT_FOUND')).toBe(true)
    await client.close()
  } finally {
    admin.disconnect()
    await server.stop()
  }
}, 60_000)
