// A rolling deploy: the old API process ends while clients listen, and none of them notices.
import { randomUUID } from 'node:crypto'
import { createJobsClient } from '@lovage/client'
import { newJobId } from '@lovage/core'
import { expect, inject, test } from 'vitest'
import { TcpProxy } from '../kit/tcp-proxy.ts'
import { transports } from '../kit/transports.ts'
import type { AppRouter } from './fixtures/server.ts'
import { surely } from './house.ts'
import { Fixture } from './processes.ts'

test.each(transports)(
  'by %s, clients move to the new process: nothing lost, nothing twice',
  async (name, transport) => {
    const env = { REDIS_URL: inject('redisUrl'), NAMESPACE: `deploy-${randomUUID()}`, GRACE_MS: '20000' }
    await using worker = new Fixture('worker', env)
    await using old = new Fixture('server', env)
    const { port } = await old.line<{ port: number }>('port')
    await using balancer = await TcpProxy.to(port)
    const clients = Array.from({ length: 3 }, () =>
      createJobsClient<AppRouter>({
        url: `http://127.0.0.1:${balancer.port}/trpc`,
        auth: () => 'ada',
        ...transport,
      }),
    )
    const { jobs } = clients[0]!

    const states = new Set<string>()
    const feeds = clients.map((client) => client.jobs.notices({ types: ['succeeded'] }))
    for (const feed of feeds) expect((await feed.next()).value?.type).toBe('ready')
    for (const client of clients) client.connection.subscribe((state) => states.add(state))
    const seen = feeds.map(async (feed) => {
      const ids: string[] = []
      for await (const notice of feed) {
        if (notice.type === 'ready') continue // by sse a line that ended begins anew
        if (!('jobId' in notice)) throw new Error(`a ${notice.type}`)
        if (notice.jobId === last) return ids
        ids.push(notice.jobId)
      }
      throw new Error('the feed ended')
    })

    // Jobs never stop coming while the one process goes and the other is there.
    let last = ''
    let isOver = false
    const enqueued: string[] = []
    const traffic = (async () => {
      for (let n = 0; !isOver; n++) {
        const job = await surely((id) => jobs.double.enqueue({ n }, { id }))
        enqueued.push(job.id)
        await job.result()
      }
    })()
    await using next = new Fixture('server', env)
    balancer.target = (await next.line<{ port: number }>('port')).port
    expect(await old.end('SIGTERM')).toEqual({ code: 0, signal: null })
    isOver = true
    await traffic
    last = newJobId() // known before it is enqueued: the feeds may hear of its end before the answer is there
    const end = await jobs.double.enqueue({ n: 0 }, { id: last })
    expect(await end.result()).toMatchObject({ pid: worker.child.pid })

    for (const ids of await Promise.all(seen)) {
      expect(ids.toSorted()).toEqual(enqueued.toSorted())
      expect(new Set(ids).size).toBe(ids.length)
    }
    // They were connected to the new one before they left the old one.
    if (name === 'ws') expect([...states]).not.toContain('reconnecting')
    for (const client of clients) await client.close()
  },
  120_000, // it starts four processes, which takes seconds where the machine has other work
)
