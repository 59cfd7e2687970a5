// The timer that gives up a silent answer may fire a fraction of a ms early. Then the call was taken for one that has time left,
// and one in ten was answered by the next connection: so a beat did not tell that its line had been silent, and whoever waited
// beside it on another silent line heard nothing for 22 s.
import { createRedisStore } from '@lovage/redis'
import { inject, onTestFinished, test, expect } from 'vitest'
import { newJobId } from '@lovage/core'
import { TcpProxy } from '../kit/tcp-proxy.ts'

const CALLS = 200

test('an answer that has not come in time is late, however early that is noticed', async () => {
  await using proxy = await TcpProxy.to(Number(new URL(inject('redisUrl')).port))
  const url = `redis://127.0.0.1:${proxy.port}`
  const stores = Array.from({ length: CALLS }, () =>
    createRedisStore({ url, namespace: `early-timer-${newJobId()}`, onWarning: () => {} }),
  )
  onTestFinished(async () => void (await Promise.all(stores.map((store) => store.close()))))
  await Promise.all(stores.map((store) => store.tail()))
  proxy.forget()
  const direct = createRedisStore({ url: inject('redisUrl'), onWarning: () => {} })
  onTestFinished(() => direct.close())
  const pending: Promise<unknown>[] = []
  for (const store of stores) {
    pending.push(store.tail())
    await direct.tail() // so that they do not begin at the same moment
  }
  const calls = await Promise.allSettled(pending)
  expect(calls.filter(({ status }) => status === 'fulfilled')).toEqual([])
  expect(await stores[0]?.tail()).toBe('0-0.0') // new connections are as they should be
})
