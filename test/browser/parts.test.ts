// A page as Vite builds it, under a strict Content-Security-Policy: what it loads later comes when it is asked for, and
// where a deployment took that away an error says so.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { build, preview, type Rollup } from 'vite'
import { tasks } from '../kit/contract.ts'
import { createHarness, type Harness } from '../kit/harness.ts'
import { openBrowser } from './stage.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let browser: Browser
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lovage-parts-'))
  const [opened, built] = await Promise.all([
    openBrowser(),
    build({
      configFile: false,
      logLevel: 'warn',
      build: {
        outDir: folder,
        emptyOutDir: true,
        rollupOptions: { input: resolve(import.meta.dirname, 'fixtures/parts-page.ts') },
      },
    }),
  ])
  browser = opened
  const entry = (built as Rollup.RollupOutput).output.find((file) => file.type === 'chunk' && file.isEntry)
  const html = `<!doctype html><script type="module" src="/${entry?.fileName}"></script>`
  await writeFile(join(folder, 'index.html'), html)
})
afterAll(async () => {
  await browser?.close()
  await rm(folder, { recursive: true, force: true })
})

/** The page, at the server of the jobs; without the files that are `gone`. */
async function visit(it: Harness<typeof tasks>, gone?: RegExp) {
  const served = await preview({
    root: folder,
    configFile: false,
    logLevel: 'silent',
    build: { outDir: folder },
    preview: {
      port: 0,
      host: '127.0.0.1',
      proxy: { '/trpc': { target: `http://127.0.0.1:${it.line.port}`, ws: true } },
      headers: { 'content-security-policy': "default-src 'none'; script-src 'self'; connect-src 'self'" },
    },
  })
  const page = await browser.newPage()
  it.cleanUp(async () => {
    await page.close()
    await served.close()
  })
  const faults: Error[] = []
  page.on('pageerror', (fault) => faults.push(fault))
  const loaded: string[] = []
  page.on('request', (request) => loaded.push(request.url()))
  if (gone) await page.route(gone, (route) => route.fulfill({ status: 404, body: 'Not found' }))
  const { port } = served.httpServer.address() as AddressInfo
  await page.goto(`http://127.0.0.1:${port}/`)
  await expect.poll(() => page.evaluate(() => typeof globalThis.client)).toBe('function')
  return { page, faults, loaded }
}

test('parts come under a policy that allows scripts of the page itself alone', async () => {
  await using it = await createHarness(tasks)
  const { page, faults, loaded } = await visit(it)
  const id = await page.evaluate(async () => (await globalThis.client.jobs.sweep.enqueue()).id)
  await it.driver.fail(await it.driver.next(), 'no')
  const atFirst = [...loaded]
  const message = await page.evaluate(
    (job) => globalThis.client.jobs.sweep.result(job).then(String, ({ message }: Error) => message),
    id,
  )
  expect(message).toBe(`Job ${id} of task "sweep" failed after 1 attempt(s): Error: no`)
  expect(await page.evaluate(async () => (await globalThis.client.jobs.list()).jobs.length)).toBe(0)
  const later = loaded.slice(atFirst.length)
  expect(atFirst).not.toContainEqual(expect.stringMatching(/seldom|sentences-late|http-calls/))
  expect(later).toContainEqual(expect.stringContaining('seldom'))
  expect(later).toContainEqual(expect.stringContaining('sentences-late'))
  expect(faults).toEqual([])
})

test('a part that a deployment took away is missed by those who ask for it, with an error of ours', async () => {
  await using it = await createHarness(tasks)
  const { page, faults } = await visit(it, /seldom|sentences-late/)
  const missed = await page.evaluate(async () => {
    const { jobs } = globalThis.client
    const calls = [() => jobs.list(), () => jobs.sweep.enqueueMany([]), () => jobs.consume('mailer').next()]
    const errors: unknown[] = []
    for (const call of calls)
      await call().catch((error: Error & { code?: string }) => errors.push([error.name, error.code]))
    return errors
  })
  expect(missed).toEqual(Array.from({ length: 3 }, () => ['LovageError', 'DISCONNECTED']))
  const id = await page.evaluate(async () => (await globalThis.client.jobs.sweep.enqueue()).id)
  await it.driver.fail(await it.driver.next(), 'no')
  const message = await page.evaluate(
    (job) => globalThis.client.jobs.sweep.result(job).then(String, ({ message }: Error) => message),
    id,
  )
  expect(message).toMatch(/^JOB_FAILED: \{"id":/)
  expect(faults).toEqual([])
})
