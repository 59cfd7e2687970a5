// A server that shows a certificate of its own authority, and asks for one.
import { createRedisStore, type RedisStoreOptions } from '@lovage/redis'
import { expect, test } from 'vitest'
import { freePort } from '../../scripts/redis.mjs'
import { Authority } from '../kit/certificates.ts'
import { RedisNode } from '../kit/redis-node.ts'
import { Site } from './site.ts'

async function refusal(redis: RedisStoreOptions): Promise<string> {
  const store = createRedisStore(redis)
  const error = await store.counts().catch((reason: unknown) => reason)
  await store.close()
  expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' })
  return (error as Error).message
}

test('queue, worker and lease thread work with a certificate of the authority, and not without one', async ({
  skip,
}) => {
  using authority = authorityOr(skip)
  for (const name of ['server', 'api']) authority.sign(name)
  const port = await freePort()
  const files = ['ca.pem', 'server.pem', 'server.key'].map((name) => authority.file(name)) as [
    string,
    string,
    string,
  ]
  const [ca, cert, key] = files
  await using _server = await RedisNode.start({
    args: [
      ...['--tls-port', String(port), '--tls-auth-clients', 'yes'],
      ...['--tls-ca-cert-file', ca, '--tls-cert-file', cert, '--tls-key-file', key],
    ],
  })
  const url = `rediss://127.0.0.1:${port}`
  const own = { cert: authority.read('api.pem'), key: authority.read('api.key') }
  const tls = { ca: authority.read('ca.pem'), ...own }
  {
    await using site = await Site.open({ redis: { url, tls }, isThreaded: true })
    await site.enqueue(20)
    for (const [expected, result] of await site.results()) expect(result).toBe(expected)
  }
  const [untrusted, anonymous, plain] = await Promise.all([
    refusal({ url, tls: own }),
    refusal({ url, tls: { ca: tls.ca } }),
    refusal({ url: url.replace('rediss', 'redis') }),
  ])
  expect(untrusted).toMatch(/self.signed certificate/)
  expect(anonymous).toMatch(/certificate required|closed|ECONNRESET|lost/)
  expect(plain).toMatch(/lost|ECONNRESET|closed/)
})

function authorityOr(skip: (why: string) => never): Authority {
  try {
    return new Authority()
  } catch {
    return skip('openssl is missing, which makes the certificates for this test')
  }
}
