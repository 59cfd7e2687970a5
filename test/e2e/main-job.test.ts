import { randomUUID } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import { Fixture } from './processes.ts'

const JOBS = 1_000

interface Report {
  seen: { id: string; n: number; value: { n: number; doubled: number; pid: number }; notices: string[] }[]
  feed: Record<string, string[]>
}

function setUp() {
  const env = { REDIS_URL: inject('redisUrl'), NAMESPACE: `e2e-${randomUUID()}` }
  return {
    server: () => new Fixture('server', env),
    worker: (more: Record<string, string> = {}) => new Fixture('worker', { ...env, ...more }),
    client: (url: string) => new Fixture('client', { URL: url, JOBS: String(JOBS), USER: 'ada' }),
  }
}

const typesOf = (notices: string[]): string[] => notices.map((notice) => notice.slice(0, notice.indexOf(':')))

function checkReport({ seen, feed }: Report): void {
  expect(seen).toHaveLength(JOBS)
  for (const { id, n, value, notices } of seen) {
    expect(value).toMatchObject({ n, doubled: n * 2 })
    expect(new Set(notices).size, `job ${n} saw a notice twice: ${notices.join(' ')}`).toBe(notices.length)
    const types = typesOf(notices)
    // A job that ended before its follower came has nothing live left to be ready for.
    expect(types.filter((type) => type === 'ready').length).toBeLessThanOrEqual(1)
    expect(
      types.filter((type) => type === 'succeeded'),
      `job ${n}: ${types.join(' ')}`,
    ).toHaveLength(1)
    expect(types.at(-1)).toBe('succeeded')
    expect(types).not.toContain('gap')
    // The follower of the job and the follower of everything saw the same notices in the same order.
    expect(notices.filter((notice) => !notice.startsWith('ready:'))).toEqual(feed[id])
  }
}

test(`${JOBS} jobs through server, worker and client processes: every result right, every notice once`, async () => {
  const { server, worker, client } = setUp()
  await using api = server()
  const { url } = await api.line<{ url: string }>('url')
  await using first = worker()
  await using caller = client(url)
  checkReport(await caller.line<Report>('seen'))
  expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null })
})

test('a worker killed in the middle loses nothing: another takes over, every notice of an outcome comes once', async () => {
  const { server, worker, client } = setUp()
  await using api = server()
  const { url } = await api.line<{ url: string }>('url')
  await using doomed = worker({ STUCK_FROM: '300' })
  await using caller = client(url)
  await caller.line<{ settled: number }>('settled', ({ settled }) => settled === 300)
  expect(await doomed.end('SIGKILL')).toMatchObject({ signal: 'SIGKILL' })
  await using heir = worker()
  const report = await caller.line<Report>('seen')
  checkReport(report)
  const pids = report.seen.map(({ value }) => value.pid)
  expect(pids).toEqual(report.seen.map(({ n }) => (n < 300 ? doomed : heir).child.pid))
})
