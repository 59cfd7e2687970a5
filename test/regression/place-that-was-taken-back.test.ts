// A follower whose place the store had taken back came to a process whose reader had read on since. It was asked only where the
// place lies, which was among its own recent records, so he was told what came under lower numbers, and not that any was missing.
import type { Notice } from '@lovage/core'
import { createQueue } from '@lovage/redis'
import { expect, onTestFinished, test } from 'vitest'
import { announced, tasks } from '../fleet/site.ts'
import { RedisNode } from '../kit/redis-node.ts'
import { TcpProxy } from '../kit/tcp-proxy.ts'

test('whoever comes with a place that is no more is told so, though its reader is past it', async () => {
  await using node = await RedisNode.start()
  await using line = await TcpProxy.to(node.port)
  const queue = createQueue({ tasks, redis: `redis://127.0.0.1:${line.port}`, onWarning: () => {} })
  onTestFinished(() => queue.close())
  const feed = queue.notices()
  const next = async () => (await feed.next()).value
  expect(await next()).toMatchObject({ type: 'ready' })
  await announced(queue)
  const { type, cursor: place } = (await next()) as Notice
  expect(type).toBe('cancelled')

  await node.redis.flushall()
  line.cut()
  expect(await next()).toMatchObject({ type: 'ready', restarted: true })
  for (const id of [await announced(queue), await announced(queue)])
    expect(await next()).toMatchObject({ type: 'cancelled', jobId: id })

  for await (const notice of queue.notices({ from: place })) {
    expect(notice).toMatchObject({ type: 'gap' })
    break
  }
})
