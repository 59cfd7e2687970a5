// A reader of the feed whose connection broke between two of its reads, while others were told of the last one. It came back
// by itself, and where the server had lost something meanwhile went on among other notices with numbers that had been told.
import { createRedisStore } from '@lovage/redis'
import { expect, onTestFinished, test } from 'vitest'
import { cancelOf, newJob } from '../conformance/acts.ts'
import { RedisNode } from '../kit/redis-node.ts'
import { TcpProxy } from '../kit/tcp-proxy.ts'

test('a live feed ends where its connection broke, though no read was under way', async () => {
  await using node = await RedisNode.start()
  await using line = await TcpProxy.to(node.port)
  const store = createRedisStore({ url: `redis://127.0.0.1:${line.port}`, onWarning: () => {} })
  const beside = createRedisStore({ url: node.url, onWarning: () => {} })
  onTestFinished(async () => {
    await store.close()
    await beside.close()
  })
  const write = async (id: string): Promise<void> => {
    await beside.enqueue([newJob(id)])
    await beside.cancel(cancelOf(id))
  }
  for (const id of ['a', 'b', 'c']) await write(id)
  const live = store.live('0-0.0', new AbortController().signal)[Symbol.asyncIterator]()
  expect((await live.next()).value.map(({ jobId }: { jobId: string }) => jobId)).toEqual(['a', 'b', 'c'])

  const { connections } = line
  line.cut()
  await node.redis.flushall()
  await write('d')
  await expect.poll(() => line.connections).toBeGreaterThan(connections) // it has come back by itself
  const next = await live.next().then(
    ({ done }) => done,
    () => true,
  )
  expect(next).toBe(true)
})
