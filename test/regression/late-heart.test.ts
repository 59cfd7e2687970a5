// Where fifty workers were started at once on two cores, the threads that keep their leases took longer to start than a lease
// lasts. Sessions were reaped, and those that took over from them started threads anew, which took as long again.
import { createRedisStore } from '@lovage/redis'
import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, vi } from 'vitest'
import { claimOne, newJobs } from '../conformance/acts.ts'
import { TcpProxy } from '../kit/tcp-proxy.ts'
import { test } from '../redis/stage.ts'

const LEASE_MS = 1_500

/** Takes connections and says nothing. */
async function mute(): Promise<Server> {
  const server = createServer((socket) => socket.unref())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

test('a lease is kept while the thread that is to keep it has not come that far, and by the thread from then on', async ({
  url,
  namespace,
  open,
  redis,
  key,
}) => {
  const silent = await mute()
  const { port } = new URL(url)
  const proxy = await TcpProxy.to(Number(port))
  const store = createRedisStore({ url: `redis://127.0.0.1:${proxy.port}`, namespace, onWarning: () => {} })
  onTestFinished(async () => {
    await store.close()
    await proxy[Symbol.asyncDispose]()
    silent.close().unref()
  })
  const other = open()
  await store.join({ session: 's', leaseMs: LEASE_MS })
  await store.enqueue(newJobs('a'))
  await claimOne(store, 's')
  const onLost = vi.fn()

  proxy.target = (silent.address() as AddressInfo).port // for the thread; this loop is connected
  store.keepAlive('s', { leaseMs: LEASE_MS, onLost })
  let renewals = 0
  let before = await redis.zscore(key('workers'), 's')
  await vi.waitFor(
    async () => {
      const now = await redis.zscore(key('workers'), 's')
      if (now !== before) renewals += 1
      before = now
      expect(renewals).toBeGreaterThan(4) // longer than a lease
    },
    { timeout: 20_000 },
  )
  expect(await other.extend('other', 60_000)).toMatchObject({ reaped: 0 })

  proxy.target = Number(port)
  proxy.cut()
  const heart = `${namespace}:default:heart`
  await vi.waitFor(async () => expect(String(await redis.client('LIST'))).toContain(heart), {
    timeout: 20_000,
  })
  expect(await other.extend('other', 60_000)).toMatchObject({ reaped: 0 })
  expect(onLost).not.toHaveBeenCalled()
})
