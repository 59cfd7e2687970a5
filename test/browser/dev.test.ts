// `npm run dev` of the example, as whoever tries it first has it: one command, and a page that works.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'
import type { Browser } from 'playwright-core'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { freePort } from '../../scripts/redis.mjs'
import { openBrowser } from './stage.ts'

const example = resolve(import.meta.dirname, '../../examples/react')

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
}, 120_000)
afterAll(() => browser?.close())

interface Dev extends AsyncDisposable {
  url: string
  said: string[]
}

/** Resolves once the page is served and the API listens. */
async function startDev(env: Record<string, string>): Promise<Dev> {
  const { REDIS_URL: _, ...rest } = process.env
  const settings = { API_PORT: `${await freePort()}`, PAGE_PORT: `${await freePort()}`, PACE_MS: '1' }
  const dev = spawn('npm', ['run', 'dev'], {
    cwd: example,
    env: { ...rest, NODE_ENV: 'development', ...settings, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true, // a group of its own, so that nothing of it outlives a test that fails
  })
  const said: string[] = []
  let url: string | undefined
  let isListening = false
  for await (const line of createInterface({ input: dev.stdout as NodeJS.ReadableStream })) {
    said.push(line)
    url ??= /Local:\D+(http:\S+)/.exec(stripVTControlCharacters(line))?.[1]
    isListening ||= line.startsWith('store ')
    if (url !== undefined && isListening) break
  }
  if (url === undefined || !isListening) throw new Error(`It ended before it served:\n${said.join('\n')}`)
  dev.stdout?.resume()
  return { url, said, [Symbol.asyncDispose]: () => stop(dev) }
}

/** As Ctrl-C does it: once, to all of them. */
async function stop(dev: ChildProcess): Promise<void> {
  if (dev.exitCode !== null || dev.pid === undefined) return
  const gone = once(dev, 'exit')
  process.kill(-dev.pid, 'SIGINT')
  await gone
}

test.each(['in memory', 'on a Redis'])(
  '%s: a text is scored on the page that it serves',
  async (where) => {
    const namespace = `dev-${process.pid}`
    const url = inject('redisUrl')
    await using dev = await startDev(where === 'in memory' ? {} : { REDIS_URL: url, NAMESPACE: namespace })
    expect(dev.said.join('\n')).toContain(where === 'in memory' ? 'in memory, with the worker' : 'Redis')
    const tab = await browser.newPage()
    tab.setDefaultTimeout(120_000)
    await tab.goto(dev.url)
    await tab.getByRole('button', { name: 'Sign in as Ada' }).click()
    await tab.getByText(/^Live/).waitFor()
    await tab.getByLabel(/^One text a line/).fill('What a wonderful day.')
    await tab.getByRole('button', { name: 'Score 1 text' }).click()
    await tab.locator('li[data-state=succeeded]').filter({ hasText: 'What a wonderful day.' }).waitFor()
    await tab.close()
    const redis = new Redis(url)
    const keys = await redis.keys(`{${namespace}:*`)
    expect(keys.length > 0).toBe(where === 'on a Redis')
    if (keys.length > 0) await redis.del(keys)
    redis.disconnect()
  },
  180_000,
)
