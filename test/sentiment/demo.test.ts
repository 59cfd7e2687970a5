// The demonstration as its user starts it: a process, judged by what it prints and how it ends.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, inject, it } from 'vitest'

const main = fileURLToPath(new URL('../../examples/sentiment/dist/main.js', import.meta.url))

interface Run {
  code: number | null
  out: string
  err: string
}

/** @param onLine  Called with each line as it is printed. */
async function demo(
  args: string[],
  redis?: string,
  onLine?: (line: string, pid: number) => void,
): Promise<Run> {
  const { REDIS_URL: _, FORCE_COLOR: __, ...env } = process.env
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...env, NO_COLOR: '1', ...(redis !== undefined && { REDIS_URL: redis }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.setEncoding('utf8')
  if (onLine)
    child.stdout.on('data', (lines: string) => lines.split('\n').forEach((line) => onLine(line, child.pid!)))
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code: child.exitCode, out, err }
}

/** What every run to the end must have shown. */
function expectStory({ code, out, err }: Run): void {
  expect(err).toBe('')
  expect(code).toBe(0)
  expect(out).not.toMatch(/[^\P{Cc}\n]/u)
  expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  expect(out.match(/^ {2}✓ .+ \d+\.\d % of [\d,]+$/gm)).toHaveLength(51)
  expect(out.match(/^ {2}\d{4}s .*%/gm)).toHaveLength(24)
  expect(out).toMatch(/^ {2}All +233 +63,005 /m)
  expect(out).toMatch(/“great product” +0\.\d+ positive/)
  expect(out).toMatch(/“awful service” +0\.\d+ negative/)
  for (const figure of ['enqueue', 'first notice', 'scoring', 'whole run']) {
    expect(out).toMatch(new RegExp(`^ {2}${figure} +\\d[\\d.]* m?s`, 'm'))
  }
  expect(out).toMatch(/over the websocket, 0 missed/)
}

/** The process that the demo says its worker is. */
const workerOf = (out: string): number => Number(/worker +process (\d+)/.exec(out)?.[1])

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('the demonstration', { timeout: 60_000 }, () => {
  it('runs to its end in memory', async () => {
    const run = await demo([])
    expectStory(run)
    expect(run.out).toContain('in memory')
  })

  it('runs to its end on Redis, with a worker of its own that is gone afterwards', async () => {
    const run = await demo([], inject('redisUrl'))
    expectStory(run)
    expect(isAlive(workerOf(run.out))).toBe(false)
  })

  it('ends with its worker: says how that ended, and fails', async () => {
    let isKilled = false
    const run = await demo(['--redis', inject('redisUrl')], undefined, (line) => {
      const worker = workerOf(line)
      if (worker > 0 && !isKilled) isKilled = process.kill(worker, 'SIGKILL')
    })
    expect(run.code).toBe(1)
    expect(run.out).toContain('✗ The worker ended with SIGKILL')
  })

  it('stops at Ctrl-C, and takes its worker and its jobs along', async () => {
    let isStopped = false
    const run = await demo([], inject('redisUrl'), (line, pid) => {
      if (line.includes('reading the addresses') && !isStopped) isStopped = process.kill(pid, 'SIGINT')
    })
    expect(run.code).toBe(130)
    expect(run.out).toContain('Stopped.')
    expect(run.err).toBe('')
    expect(isAlive(workerOf(run.out))).toBe(false)
  })

  it('says in a sentence that there is no Redis', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    server.close()
    const run = await demo(['--redis', `redis://127.0.0.1:${port}`])
    expect(run.code).toBe(1)
    expect(run.out).toContain(`✗ Redis at 127.0.0.1:${port} cannot be reached: connect ECONNREFUSED`)
    expect(run.err).toBe('')
  })

  it('answers an unknown option with its usage', async () => {
    const run = await demo(['--verbos'])
    expect(run.code).toBe(1)
    expect(run.err).toMatch(/Unknown option '--verbos'.*\n\nUsage: npm run demo/)
  })
})
