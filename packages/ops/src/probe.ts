/** The HTTP probe: what a process that runs Lovage answers to those who watch over it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LovageError } from '@lovage/core'
import type { Metrics } from './metrics.ts'

/** What a probe tells. */
export interface Health {
  /** `false`: the process should be replaced. */
  live: boolean
  /** `false`: it does not do its work now, and may do so again by itself. */
  ready: boolean
  /** Why it is not, in words for whoever reads the logs of an orchestrator. */
  why?: string
}

export interface ProbeOptions {
  /** 0: any that is free; `url` says which. */
  port: number
  /** Default `0.0.0.0`, since whoever asks is outside: a kubelet, a load balancer, a Prometheus. */
  host?: string | undefined
  /** Answered at `/metrics`: `prometheus()` of `@lovage/ops/prometheus`. Default: no metrics. */
  metrics?: Metrics | undefined
}

export interface Probe extends AsyncDisposable {
  /** `http://localhost:9090` */
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

/** Whoever asks for health has given up after this. */
const REQUEST_TIMEOUT_MS = 5_000

/**
 * Answers `GET /live` and `GET /ready` with 200 or 503 and the health as JSON, and `GET /metrics`.
 *
 * @throws LovageError `OPTION_INVALID` when the port is taken, or may not be used
 */
export async function openProbe(
  { port, host = '0.0.0.0', metrics }: ProbeOptions,
  health: () => Health | Promise<Health>,
): Promise<Probe> {
  const answers: Record<string, (response: ServerResponse) => Promise<void>> = {
    '/live': async (response) => answerHealth(response, 'live', await health()),
    '/ready': async (response) => answerHealth(response, 'ready', await health()),
    ...(metrics && { '/metrics': (response) => answerMetrics(response, metrics) }),
  }
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: 0 },
    (request, response) => {
      void answer(request, response, answers)
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(notOpened(error, port)))
    server.listen(port, host, resolve)
  })
  const opened = (server.address() as AddressInfo).port
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return { url: `http://${name}:${opened}`, port: opened, close, [Symbol.asyncDispose]: close }
}

function notOpened(error: NodeJS.ErrnoException, port: number): LovageError {
  const expected =
    error.code === 'EADDRINUSE'
      ? 'a port that is free: another process listens there'
      : 'a port that may be used'
  return new LovageError(
    'OPTION_INVALID',
    { option: 'probe.port', seen: String(port), expected },
    { cause: error },
  )
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  answers: Record<string, (response: ServerResponse) => Promise<void>>,
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0] as string
  const known = Object.hasOwn(answers, path) ? answers[path] : undefined
  if (known === undefined) return answerJson(response, 404, { known: Object.keys(answers) })
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return answerJson(response, 405, { allowed: 'GET' })
  try {
    await known(response)
  } catch (error) {
    answerJson(response, 500, { error: error instanceof Error ? error.message : String(error) })
  }
}

function answerHealth(response: ServerResponse, asked: 'live' | 'ready', health: Health): void {
  answerJson(response, health[asked] ? 200 : 503, health)
}

async function answerMetrics(response: ServerResponse, metrics: Metrics): Promise<void> {
  const text = await metrics.text()
  response.writeHead(200, { 'content-type': metrics.contentType }).end(text)
}

function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}
