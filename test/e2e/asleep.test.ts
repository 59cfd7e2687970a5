// A laptop whose lid is closed: its process stands still, its sockets are cut by whoever waits for an answer, and the
// world goes on. When it is opened again it goes on where it was.
import { randomUUID } from 'node:crypto'
import { createQueue } from '@lovage/redis'
import { expect, inject, test } from 'vitest'
import { transports } from '../kit/transports.ts'
import { tasks } from './fixtures/tasks.ts'
import { Fixture } from './processes.ts'

interface Seen {
  of: 'feed' | 'job'
  type: string
  cursor: string
  jobId?: string
}

test.each(transports)(
  'by %s, a client that slept through everything sees it all when it wakes, once and in order',
  async (name) => {
    const env = { REDIS_URL: inject('redisUrl'), NAMESPACE: `asleep-${randomUUID()}` }
    // An hour of sleep is long against how long a server waits for a sign of life; so are these.
    await using server = new Fixture('server', { ...env, PING_MS: '200' })
    const { url } = await server.line<{ url: string }>('url')
    const queue = createQueue({ tasks, redis: env.REDIS_URL, namespace: env.NAMESPACE })
    const job = await queue.double.enqueue({ n: 1 }, { owner: 'ada' })
    await using client = new Fixture('sleeper', {
      URL: url,
      USER: 'ada',
      TRANSPORT: name,
      JOB: JSON.stringify(job),
    })
    const seen: Seen[] = []
    const sees = async (wanted: (line: Seen) => boolean): Promise<void> => {
      while (!seen.some(wanted)) seen.push(await client.line<Seen>('of'))
    }
    for (const of of ['feed', 'job'] as const) await sees((line) => line.of === of && line.type === 'ready')

    client.child.kill('SIGSTOP')
    await using worker = new Fixture('worker', env)
    expect(await job.result()).toMatchObject({ pid: worker.child.pid })
    const handles = await queue.double.enqueueMany(
      Array.from({ length: 50 }, (_, n) => ({ n })),
      { owner: 'ada' },
    )
    for (const handle of handles) await handle.result()
    // By websocket the server has cut him off: he answers no ping.
    if (name === 'ws') await server.line<{ cut: number }>('cut')
    client.child.kill('SIGCONT')

    const kept: Seen[] = []
    for await (const notice of queue.notices({ from: 'start' })) {
      if (!('jobId' in notice)) break
      const { type, cursor, jobId } = notice
      kept.push({ of: 'feed', type, cursor, jobId })
    }
    await sees(({ of, cursor }) => of === 'feed' && cursor === kept.at(-1)?.cursor)
    await sees(({ of, type }) => of === 'job' && type === 'succeeded')
    const notices = (of: Seen['of']): Seen[] => seen.filter((line) => line.of === of && line.type !== 'ready')
    expect(notices('feed')).toEqual(kept)
    const own = kept.filter(({ jobId }) => jobId === job.id)
    expect(notices('job')).toEqual(own.map((line) => ({ ...line, of: 'job' })))
    await queue.close()
  },
  120_000,
)
