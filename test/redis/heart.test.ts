// Leases are kept by a thread, so that a handler may compute for as long as it likes.
import { build } from 'esbuild'
import type { Redis } from 'ioredis'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, vi } from 'vitest'
import { claimOne, newJobs, settle, succeeded } from '../conformance/acts.ts'
import { test } from './stage.ts'

/** Two beats fit into what a busy machine may be late. */
const LEASE_MS = 1_500
/** Until the thread has started; its first beat replaces it. */
const FIRST_LEASE_MS = 60_000
const noop = (): void => {}

/** Resolves when the lease of a session has been renewed after now, be it to an earlier end. */
async function renewed(redis: Redis, workers: string, session: string): Promise<void> {
  const before = await redis.zscore(workers, session)
  await vi.waitFor(async () => expect(await redis.zscore(workers, session)).not.toBe(before), {
    timeout: 20_000,
  })
}

function blockThisLoop(ms: number): void {
  const until = Date.now() + ms
  while (Date.now() < until);
}

test('a lease outlives a handler that blocks the loop for longer than the lease', async ({
  store,
  open,
  redis,
  key,
}) => {
  const other = open()
  await other.tail() // connected, so that it can be the first to say something after the block
  await store.join({ session: 's', leaseMs: FIRST_LEASE_MS })
  await store.enqueue(newJobs('a'))
  const a = await claimOne(store, 's')
  const onLost = vi.fn()
  const stop = store.keepAlive('s', { leaseMs: LEASE_MS, onLost })
  await renewed(redis, key('workers'), 's')

  blockThisLoop(2 * LEASE_MS)
  expect(await other.extend('other', LEASE_MS)).toMatchObject({ reaped: 0 })
  expect((await settle(store, 's', succeeded(a))).lost).toEqual([])
  await stop()
  expect(onLost).not.toHaveBeenCalled()
})

test('a session that was reaped is told, once, and the beats of others go on', async ({
  store,
  redis,
  key,
}) => {
  for (const session of ['reaped', 'kept']) await store.join({ session, leaseMs: FIRST_LEASE_MS })
  const onKept = vi.fn()
  const onLost = vi.fn()
  store.keepAlive('reaped', { leaseMs: LEASE_MS, onLost })
  store.keepAlive('kept', { leaseMs: LEASE_MS, onLost: onKept })
  await renewed(redis, key('workers'), 'kept')
  await redis.zrem(key('workers'), 'reaped')
  await vi.waitFor(() => expect(onLost).toHaveBeenCalled(), { timeout: 20_000 })
  await renewed(redis, key('workers'), 'kept')
  await renewed(redis, key('workers'), 'kept')
  expect(onLost).toHaveBeenCalledOnce()
  expect(onKept).not.toHaveBeenCalled()
})

test('stopping the last one ends the thread and its connection; another one starts it anew', async ({
  store,
  redis,
  key,
  namespace,
}) => {
  await store.join({ session: 's', leaseMs: FIRST_LEASE_MS })
  for (let n = 0; n < 2; n++) {
    const stop = store.keepAlive('s', { leaseMs: LEASE_MS, onLost: noop })
    await renewed(redis, key('workers'), 's')
    await Promise.all([stop(), stop()])
    await vi.waitFor(async () =>
      expect(String(await redis.client('LIST'))).not.toContain(`${namespace}:default:heart`),
    )
  }
})

/** A worker as a program of its own: joins, keeps itself alive until its loop was blocked, and ends. */
const program = (url: string, namespace: string) => `
  import { createRedisStore } from '@lovage/redis'
  const store = createRedisStore({ url: '${url}', namespace: '${namespace}', onWarning: (message) => console.log(message) })
  await store.join({ session: 's', leaseMs: ${FIRST_LEASE_MS} })
  const stop = store.keepAlive('s', { leaseMs: ${LEASE_MS}, onLost() {} })
  await new Promise((resolve) => process.stdin.once('data', resolve))
  await stop()
  await store.close()
  process.stdin.unref()
`

test('an app bundled into one file renews its leases from the main loop, and says so', async ({
  redis,
  url,
  key,
  namespace,
}) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'lovage-bundle-'))
  const outfile = path.join(folder, 'app.mjs')
  await build({
    stdin: { contents: program(url, namespace), resolveDir: import.meta.dirname },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
    },
  })
  const app = spawn(process.execPath, [outfile], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    const said: string[] = []
    app.stdout.on('data', (chunk) => said.push(String(chunk)))
    await vi.waitFor(() => expect(said.join('')).toContain('Leases are renewed from the main loop'), {
      timeout: 20_000,
    })
    await renewed(redis, key('workers'), 's')
    app.stdin.end('enough\n')
    expect(await new Promise((resolve) => app.once('exit', resolve))).toBe(0)
  } finally {
    app.kill('SIGKILL')
    await rm(folder, { recursive: true })
  }
})

test('a process that only keeps a session alive ends when it has nothing else to do', async ({
  url,
  namespace,
}) => {
  const folder = await mkdtemp(path.join(import.meta.dirname, '.app-'))
  const file = path.join(folder, 'app.mjs')
  const contents = `
    import { createRedisStore } from '@lovage/redis'
    const store = createRedisStore({ url: '${url}', namespace: '${namespace}' })
    store.keepAlive('s', { leaseMs: ${LEASE_MS}, onLost() {} })
  `
  await writeFile(file, contents)
  const app = spawn(process.execPath, [file], { stdio: 'inherit' })
  try {
    expect(await new Promise((resolve) => app.once('exit', resolve))).toBe(0)
  } finally {
    app.kill('SIGKILL')
    await rm(folder, { recursive: true })
  }
})
