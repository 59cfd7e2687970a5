// What comes over a line to Redis and is no answer of it, or none to what was asked.
import { createRedisStore } from '@lovage/redis'
import { expect } from 'vitest'
import { TcpProxy } from '../kit/tcp-proxy.ts'
import { test } from './stage.ts'

test.for([
  ['an answer that is none', 'HTTP/1.1 502 Bad Gateway\r\n'],
  ['an answer to nothing', '+OK\r\n'],
] as const)(
  'after %s the next call has a connection of its own',
  async ([_what, spoilt], { url, namespace }) => {
    await using proxy = await TcpProxy.to(Number(new URL(url).port))
    const store = createRedisStore({
      url: `redis://127.0.0.1:${proxy.port}`,
      namespace,
      onWarning: () => {},
    })
    await store.counts()
    await proxy.spoil(spoilt)
    expect(await store.counts()).toMatchObject({ queued: 0 })
    expect(proxy.connections).toBe(2)
    await store.close()
  },
)
