// A command that is longer than a text can be was given up with the bare error of the engine, while the watchdog went on
// waiting for its answer and cut the connection; within a transaction the socket was left corked, so that nothing was sent.
import { constants } from 'node:buffer'
import { createRedisStore } from '@lovage/redis'
import { expect, onTestFinished, test } from 'vitest'
import { newJob } from '../conformance/acts.ts'
import { RedisNode } from '../kit/redis-node.ts'
import { TcpProxy } from '../kit/tcp-proxy.ts'

/** Its record can be written still, and the command around it not. */
const LONG = 'x'.repeat(constants.MAX_STRING_LENGTH - 200)

const jobs = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ ...newJob(`job-${n}`), isNew: true }))

test.for([
  ['a call of its own', 1],
  ['a transaction', 17],
] as const)('what is too long to be sent by %s is refused, and the others go on', async ([, count]) => {
  await using node = await RedisNode.start()
  await using line = await TcpProxy.to(node.port)
  const store = createRedisStore({ url: `redis://127.0.0.1:${line.port}`, onWarning: () => {} })
  onTestFinished(() => store.close())
  await store.enqueue([newJob('before')])
  const { connections } = line
  const [first, ...others] = jobs(count)
  const long = store.enqueue([{ ...first!, input: { json: LONG } }, ...others])
  await expect(long).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('Invalid string length'),
  })
  await store.enqueue([newJob('after')])
  expect((await store.counts()).queued).toBe(2)
  expect(line.connections).toBe(connections)
})
