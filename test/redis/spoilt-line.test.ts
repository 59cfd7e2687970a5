// What comes over a line to Redis and is no answer of it, or none to what was asked.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { createRedisStore } from '@lovage/redis'
import { expect, test } from 'vitest'
import { startRedis } from '../../scripts/redis.mjs'

test.each([
  ['an answer that is none', 'HTTP/1.1 502 Bad Gateway\r\n'],
  ['an answer to nothing', '+OK\r\n'],
])('after %s the next call has a connection of its own', async (_what, spoilt) => {
  const redis = await startRedis()
  const opened: Socket[] = []
  const server = createServer((near) => {
    opened.push(near)
    const far = connect(redis.port, '127.0.0.1')
    near.pipe(far).pipe(near)
    for (const socket of [near, far]) socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const store = createRedisStore({ url: `redis://127.0.0.1:${port}`, onWarning: () => {} })
  await store.counts()
  const [first] = opened as [Socket]
  first.write(spoilt)
  await once(first, 'close')
  expect(await store.counts()).toMatchObject({ queued: 0 })
  expect(opened).toHaveLength(2)
  await store.close()
  server.close()
  await redis.stop()
})
