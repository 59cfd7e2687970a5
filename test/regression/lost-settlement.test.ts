// A replica took over that knew of a claim and not of its settlement. Its session was there still, and the worker had no
// reason to speak of that job again: it was held for ever by somebody who did not run it.
import { defineTasks, task } from '@lovage/core'
import { createQueue } from '@lovage/redis'
import { createWorker } from '@lovage/worker'
import { expect, onTestFinished, test, vi } from 'vitest'
import { inSync } from '../kit/redis-cluster.ts'
import { RedisNode } from '../kit/redis-node.ts'
import { TcpProxy } from '../kit/tcp-proxy.ts'
import { Watcher } from '../worker/watcher.ts'

/** Resolves once the worker waits there for work. */
const blocked = ({ redis }: RedisNode): Promise<void> =>
  vi.waitFor(async () => expect(String(await redis.client('LIST'))).toMatch(/:wait .* cmd=blpop/), 10_000)

const tasks = defineTasks({ once: task({}) })

// The same where nothing of the worker's was on its way: its wait began at the new server, and heard nothing there.
test.each([
  ['while it waits', false],
  ['before it waits', true],
])(
  'a job whose outcome a failover took back runs again, though its worker stayed and its session survived: %s',
  async (_, isAtOnce) => {
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
    await primary.redis.set('mark', '') // `WAIT` is about what its own connection has written
    expect(await primary.redis.wait(1, 5_000)).toBe(1) // the claim is on the replica

    await replica.redis.replicaof('NO', 'ONE')
    const failOver = (): void => {
      line.target = replica.port
      line.cut()
    }
    let isOver = false
    worker.on('job.succeeded', () => {
      if (isAtOnce && !isOver) failOver()
      isOver = true
    })
    open()
    await watcher.until('job.succeeded')
    if (!isAtOnce) {
      await blocked(primary)
      failOver()
    }
    await primary.kill()

    await queue.once.result(id, { timeout: '20s' })
    expect(runs).toBe(2)
    expect(await replica.redis.hexists('{lovage:default}:active', id)).toBe(0)
  },
)
