// A primary behind three sentinels, which dies or falls silent in the middle of work.
import { createRedisStore } from '@lovage/redis'
import { afterAll, expect, test } from 'vitest'
import { RedisSentinels } from '../kit/redis-sentinels.ts'
import { Site } from './site.ts'

const sentinels = await RedisSentinels.start()
afterAll(() => sentinels[Symbol.asyncDispose]())

test.for(['SIGKILL', 'SIGSTOP'] as const)(
  'after %s of the primary the work goes on at the replica that the sentinels choose',
  async (signal) => {
    await using site = await Site.open({ redis: { url: sentinels.url }, isThreaded: signal === 'SIGSTOP' })
    const primary = await sentinels.primary()
    await site.enqueue(60, (done) => {
      if (done === 30) primary.signal(signal)
    })
    expect(await sentinels.replaced(primary)).not.toBe(primary)
    const ends = await Promise.all(
      [...site.enqueued.keys()].map((id) =>
        site.queue.double.result(id, { timeout: '20s' }).catch((error: unknown) => error),
      ),
    )
    // What was written in the last moment may not have reached the replica: it is unknown then, and said to be.
    for (const end of ends) if (typeof end !== 'number') expect(end).toMatchObject({ code: 'NOT_FOUND' })
    if (signal === 'SIGSTOP') return primary.signal('SIGCONT')
    await primary.kill()
    await primary.restart()
  },
)

test('sentinels that do not know the name, or are not there, are named in the error', async () => {
  const name = createRedisStore({ url: sentinels.url.replace('/main', '/other') })
  const nobody = createRedisStore({ url: 'redis+sentinel://127.0.0.1:1/main' })
  const [unknown, absent] = await Promise.allSettled([name.counts(), nobody.counts()])
  expect(unknown).toMatchObject({
    reason: { code: 'STORE_UNAVAILABLE', message: expect.stringContaining('"other" behind the sentinels') },
  })
  expect(absent).toMatchObject({
    reason: { code: 'STORE_UNAVAILABLE', message: expect.stringContaining('All sentinels are unreachable') },
  })
  await Promise.all([name.close(), nobody.close()])
})
