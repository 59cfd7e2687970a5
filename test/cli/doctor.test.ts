// `lovage doctor`: what endangers jobs, and what to do about it.
import { Redis } from 'ioredis'
import { expect } from 'vitest'
import { withRedis } from '../redis/stage.ts'
import { test } from './program.ts'

interface Report {
  ok: boolean
  findings: { check: string; status: string; seen: string; advice?: string }[]
}

test('a server that keeps what it is given is well', async ({ lovage }) => {
  await withRedis(['--appendonly', 'yes'], async ({ url, port }) => {
    const { code, stdout } = await lovage(['doctor', '--redis', url])
    // A busy machine is slow to answer, and told about it.
    const lines = stdout
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('    '))
    expect(lines).toEqual([
      `✓ connection   127.0.0.1:${port}`,
      expect.stringMatching(/^✓ version {6}(Redis|Valkey) \d+\.\d+/),
      '✓ role         primary',
      '✓ eviction     noeviction',
      '✓ persistence  append-only file',
      expect.stringMatching(/^✓ memory {7}\d+\.\d MiB, without a limit$/),
      expect.stringMatching(/^[✓!] latency {6}\d+\.\d\d ms median, \d+\.\d\d ms worst of 20$/),
      expect.stringMatching(/^[✓!] clock/),
      '✓ workers      0 worker(s); 0 queued, 0 running, 0 scheduled',
    ])
    expect(code).toBe(0)
  })
})

test('a server that evicts, forgets and is nearly full is warned about, and jobs that nobody runs', async ({
  lovage,
}) => {
  await withRedis([], async ({ url }) => {
    await lovage(['enqueue', 'score', '--redis', url])
    const redis = new Redis(url)
    const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])
    await redis.config('SET', 'maxmemory', Math.round(used * 1.2), 'maxmemory-policy', 'volatile-lru')
    redis.disconnect()

    const { code, stdout } = await lovage(['doctor', '--redis', url, '--json'])
    const { ok, findings } = JSON.parse(stdout) as Report
    const adviceOn = (check: string): string | undefined =>
      findings.find((one) => one.check === check && one.status === 'warning')?.advice
    expect(adviceOn('eviction')).toMatch(/Set maxmemory-policy to noeviction/)
    expect(adviceOn('persistence')).toMatch(/Set appendonly yes/)
    expect(adviceOn('memory')).toMatch(/Raise maxmemory/)
    expect(adviceOn('workers')).toMatch(/start a worker with `lovage worker/)
    expect({ ok, code }).toEqual({ ok: true, code: 0 })
  })
})

test('a replica is a problem: exit code 1', async ({ lovage, url }) => {
  const { hostname, port } = new URL(url)
  await withRedis(['--replicaof', `${hostname} ${port}`], async (replica) => {
    const { code, stdout } = await lovage(['doctor', '--redis', replica.url])
    expect(stdout).toContain(`✗ role         replica of ${hostname}:${port}\n    A replica takes no writes`)
    expect(code).toBe(1)
  })
})
