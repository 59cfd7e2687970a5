// A replica took over that knew of a claim and not of its settlement. Its session was there still, and the worker had no
// reason to speak of that job again: it was held for ever by somebody who did not run it.
import { defineTasks, task } from '@lovage/core'
import { createQueue } from '@lovage/redis'
import { createWorker } from '@lovage/worker'
import { expect, onTestFinished, test } from 'vitest'
import { inSync } from '../kit/redis-cluster.ts'
import { RedisNode } from '../kit/redis-node.ts'
import { TcpProxy } from '../kit/tcp-proxy.ts'
import { Watcher } from '../worker/watcher.ts'

const tasks = defineTasks({ once: task({}) })

test('a job whose outcome a failover took back runs again, though its worker stayed and its session survived', async () => {
  await using primary = await RedisNode.start()
  await using replica = await RedisNode.start({
    args: ['--replicaof', '127.0.0.1', String(primary.port), '--repl-diskless-sync-delay', '0'],
  })
  await inSync(replica)
  await using line = await TcpProxy.to(primary.port)
  const redis = { url: `redis://127.0.0.1:${line.port}`, onWarning: () => {} }
  let open = (): void => {}
  const gate = new Promise<void>((resolve) => (open = resolve))
  let runs = 0
  const worker = createWorker({
    tasks,
    redis,
    logLevel: 'silent',
    handlers: {
      async once() {
        runs += 1
        await gate
      },
    },
  })
  const queue = createQueue({ tasks, redis, onWarning: () => {} })
  onTestFinished(async () => {
    await worker.stop({ timeout: 0 })
    await queue.close()
  })
  const watcher = new Watcher(worker)
  const { id } = await queue.once.enqueue()
  await worker.start()
  await watcher.until('job.started')
  await primary.redis.wait(1, 5_000) // the claim is on the replica

  await replica.redis.replicaof('NO', 'ONE')
  open()
  await watcher.until('job.succeeded')
  line.target = replica.port
  line.cut()
  await primary.kill()

  await queue.once.result(id, { timeout: '20s' })
  expect(runs).toBe(2)
  expect(await replica.redis.hexists('{lovage:default}:active', id)).toBe(0)
})
