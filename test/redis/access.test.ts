// Getting in: passwords, users with few rights, TLS.
import { createRedisStore, type RedisStoreOptions } from '@lovage/redis'
import { Redis } from 'ioredis'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type PrivateRedis, startRedis } from '../../scripts/redis.mjs'
import { announcedJobs, claim, freshJobs, joinAll, settle, stateOf, succeeded } from '../conformance/acts.ts'
import { withRedis } from './stage.ts'

/** One of everything that a store does. */
async function work(options: RedisStoreOptions): Promise<void> {
  const store = createRedisStore(options)
  try {
    await joinAll(store, 's')
    const waiting = store.wait('s', { work: true, timeoutMs: 20_000, signal: AbortSignal.timeout(20_000) })
    const reading = store.live(await store.tail(), AbortSignal.timeout(20_000))[Symbol.asyncIterator]()
    const batch = reading.next()
    await store.enqueue(announcedJobs('a'))
    expect((await waiting).work).toBe(true)
    const [a] = await claim(store, 's')
    await settle(store, 's', succeeded(a!))
    expect((await batch).value).toMatchObject({ 0: { type: 'queued', jobId: 'a' } })
    expect(await stateOf(store, 'a')).toBe('succeeded')
    await store.extend('s', 1_000)
    await store.check()
    await store.leave('s')
    await reading.return?.()
  } finally {
    await store.close()
  }
}

const withAuth = (url: string, auth: string): string => url.replace('redis://', `redis://${auth}@`)

async function refusal(options: RedisStoreOptions): Promise<unknown> {
  const store = createRedisStore(options)
  try {
    return await store.counts().catch((error: unknown) => error)
  } finally {
    await store.close()
  }
}

test('a password in the URL lets in, a wrong one or none is refused at once, and no message repeats it', () =>
  withRedis(['--requirepass', 'p@ss:w/rd'], async ({ url }) => {
    await work({ url: withAuth(url, `:${encodeURIComponent('p@ss:w/rd')}`) })
    for (const auth of [':wrong-secret', 'default:wrong-secret']) {
      const error = await refusal({ url: withAuth(url, auth) })
      expect(error).toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining('WRONGPASS'),
      })
      const { message, cause } = error as Error
      const { name } = createRedisStore({ url: withAuth(url, auth) })
      expect(`${message} ${JSON.stringify(cause)} ${name}`).not.toContain('secret')
    }
    expect(await refusal({ url })).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('NOAUTH'),
    })
  }))

test('a user needs its own keys and no dangerous command but INFO; the URL may name a database', () =>
  withRedis([], async ({ url }) => {
    const redis = new Redis(url)
    await redis.acl('SETUSER', 'lovage', 'on', '>secret', '~{app:default}:*', '+@all', '-@dangerous', '+info')
    await work({ url: `${withAuth(url, 'lovage:secret')}/3`, namespace: 'app' })
    expect(await redis.dbsize()).toBe(0)
    await redis.select(3)
    expect(await redis.exists('{app:default}:r:a')).toBe(1)
    const error = await refusal({ url: withAuth(url, 'lovage:secret'), namespace: 'elsewhere' })
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('NOPERM') })
    redis.disconnect()
  }))

test.for(['http://localhost', 'localhost:6379', ''])('%j is no address', (url) => {
  expect(() => createRedisStore({ url })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
})

test.for([
  { namespace: 'a:b' },
  { namespace: '' },
  { queue: 'a{b' },
  { queue: 'a b' },
  { streamMaxLen: 0 },
  { streamMaxLen: 1.5 },
])('%j is refused', (options) => {
  expect(() => createRedisStore(options)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
})

describe('TLS', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'lovage-tls-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const file = (name: string): string => path.join(folder, name)
  const tls = await startWithTls(file('cert.pem'), file('key.pem'))
  afterAll(() => tls.server?.stop())

  test('a certificate that nobody vouches for is refused; with its authority it is trusted', async ({
    skip,
  }) => {
    if (tls.server === undefined) return skip(tls.why)
    expect(await refusal({ url: tls.url })).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/self.signed certificate/),
    })
    await work({ url: tls.url, tls: { ca: readFileSync(file('cert.pem')) } })
  })

  test('insecureTls trusts anybody', async ({ skip }) => {
    if (tls.server === undefined) return skip(tls.why)
    await work({ url: tls.url, insecureTls: true, namespace: 'insecure' })
  })
})

type TlsServer =
  | { server: PrivateRedis; url: string; why?: never }
  | { server?: never; url?: never; why: string }

/** Not everywhere is there an openssl to make a certificate, or a Redis that was built with TLS. */
async function startWithTls(cert: string, key: string): Promise<TlsServer> {
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  try {
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject],
      {
        stdio: 'ignore',
      },
    )
  } catch {
    return { why: 'openssl is missing, which makes the certificate for this test' }
  }
  const port = await freePort()
  const files = [
    '--tls-cert-file',
    cert,
    '--tls-key-file',
    key,
    '--tls-ca-cert-file',
    cert,
    '--tls-auth-clients',
    'no',
  ]
  try {
    const server = await startRedis({ args: ['--tls-port', String(port), ...files] })
    return { server, url: `rediss://127.0.0.1:${port}` }
  } catch (error) {
    return { why: `this Redis was built without TLS: ${(error as Error).message}` }
  }
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })

test('who may not open transactions enqueues many all the same, each job once and in order', () =>
  withRedis([], async ({ url }) => {
    const redis = new Redis(url)
    await redis.acl('SETUSER', 'old', 'on', '>secret', '~*', '+@all', '-multi', '-exec')
    const store = createRedisStore({ url: withAuth(url, 'old:secret') })
    const calls = [await store.enqueue(freshJobs('a', 'b')), await store.enqueue(freshJobs('c', 'd'))]
    expect(calls.flat().map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd'])
    await joinAll(store, 's')
    expect((await claim(store, 's')).map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd'])
    redis.disconnect()
    await store.close()
  }))
