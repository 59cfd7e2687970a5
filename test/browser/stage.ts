/** The application of examples/react as its user has it: page, API and worker, with a line that can be cut. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core'
import { preview } from 'vite'
import { findChromium } from '../../scripts/chromium.mjs'
import { freePort } from '../../scripts/redis.mjs'
import { TcpProxy } from '../kit/tcp-proxy.ts'

/** Longer than any test may take: whatever is waited for is there soon, or the test says what was not. */
const PATIENCE_MS = 110_000

const example = resolve(import.meta.dirname, '../../examples/react')

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A browser of its own, with a new and empty profile. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: findChromium(), args: flags })

/** The page as it would be deployed. Built once for all stages. */
export async function buildPage(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'lovage-page-'))
  // As a program: here NODE_ENV says test, and with that React's own development build would be taken.
  const vite = [
    join(example, 'node_modules/vite/bin/vite.js'),
    'build',
    '--outDir',
    folder,
    '--logLevel',
    'warn',
  ]
  const env = { ...process.env, NODE_ENV: 'production' }
  const builder = spawn(process.execPath, vite, { cwd: example, env, stdio: 'inherit' })
  const [code] = await once(builder, 'exit')
  if (code !== 0) throw new Error('The page could not be built.')
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

interface StageOptions {
  browser: Browser
  page: string
  /** `undefined`: the store is the API's memory, and the worker lives there as well. */
  redisUrl: string | undefined
  namespace: string
  /** What the worker spends on each text. */
  paceMs?: number
  /** How long a token is good. */
  tokenMs?: number
}

export class Stage implements AsyncDisposable {
  readonly url: string
  /** Between the page's server and the API. */
  readonly line: TcpProxy
  readonly #env: NodeJS.ProcessEnv
  readonly #browser: Browser
  readonly #contexts: BrowserContext[] = []
  readonly #closePage: () => Promise<void>
  readonly #worker: ChildProcess | undefined
  #api: ChildProcess
  /** What broke in any page. */
  readonly faults: Error[] = []

  static async open({
    browser,
    page,
    redisUrl,
    namespace,
    paceMs = 3,
    tokenMs,
  }: StageOptions): Promise<Stage> {
    const apiPort = await freePort()
    const { REDIS_URL: _, ...rest } = process.env
    const settings = { NAMESPACE: namespace, API_PORT: `${apiPort}`, PACE_MS: `${paceMs}` }
    const env = {
      ...rest,
      ...settings,
      ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
      ...(tokenMs !== undefined && { TOKEN_MS: `${tokenMs}` }),
    }
    const line = await TcpProxy.to(apiPort)
    const proxy = { '/trpc': { target: `http://127.0.0.1:${line.port}`, ws: true } }
    const port = await freePort()
    const served = await preview({
      root: example,
      configFile: false,
      logLevel: 'silent', // a proxy whose server is killed has much to say
      build: { outDir: page },
      preview: { port, strictPort: true, host: '127.0.0.1', proxy },
    })
    const [api, worker] = [startApi(env), redisUrl === undefined ? undefined : startWorker(env)]
    const url = `http://127.0.0.1:${port}/`
    return new Stage({ url, env, browser, line, closePage: () => served.close(), worker, api: await api })
  }

  private constructor(parts: {
    url: string
    env: NodeJS.ProcessEnv
    browser: Browser
    line: TcpProxy
    closePage: () => Promise<void>
    worker: ChildProcess | undefined
    api: ChildProcess
  }) {
    this.url = parts.url
    this.#env = parts.env
    this.#browser = parts.browser
    this.line = parts.line
    this.#closePage = parts.closePage
    this.#worker = parts.worker
    this.#api = parts.api
  }

  /** Somebody's browser: what one stores, another does not see. */
  async context(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.#browser.newContext(options)
    context.setDefaultTimeout(PATIENCE_MS)
    this.#contexts.push(context)
    return context
  }

  /** A tab, signed in and live. @param prepare Done before it loads anything. */
  async tab(
    user: 'Ada' | 'Grace' = 'Ada',
    context?: BrowserContext,
    prepare?: (page: Page) => Promise<void>,
  ): Promise<Page> {
    const page = await (context ?? (await this.context())).newPage()
    await prepare?.(page)
    page.on('pageerror', (error) => this.faults.push(error))
    await page.goto(this.url)
    await page.getByRole('button', { name: `Sign in as ${user}` }).click()
    await page.getByText(/^Live/).waitFor()
    return page
  }

  async killApi(): Promise<void> {
    await end(this.#api, 'SIGKILL')
  }

  async restartApi(): Promise<void> {
    this.#api = await startApi(this.#env)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const context of this.#contexts) await context.close()
    await this.line[Symbol.asyncDispose]()
    await Promise.all([end(this.#api, 'SIGKILL'), end(this.#worker, 'SIGKILL'), this.#closePage()])
  }
}

/** Resolves once it listens. */
async function startApi(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const api = spawn(process.execPath, [join(example, 'dist/server/main.js')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: api.stdout as NodeJS.ReadableStream })) {
    if (line.startsWith('api ')) return api
  }
  throw new Error('The API ended before it listened.')
}

const startWorker = (env: NodeJS.ProcessEnv): ChildProcess =>
  spawn(process.execPath, [join(example, 'dist/server/worker.js')], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}
