// Programs in other languages on the same stream: they read what we write, and what they write is seen.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import {
  defineTasks,
  type Notice,
  type NoticeOf,
  queueOver,
  type Store,
  task,
  type TasksOf,
} from '@lovage/core'
import { describe, expect } from 'vitest'
import { z } from 'zod'
import { onPath } from '../../scripts/find.mjs'
import { claim, failed, joinAll, newJob, settle, succeeded } from '../conformance/acts.ts'
import { test } from './stage.ts'

const BRIDGE = join(import.meta.dirname, 'fixtures', 'bridge.py')
const PYTHON = ['python3', '/usr/bin/python3'].find(
  (python) => spawnSync(python, ['-c', 'import redis'], { stdio: 'ignore' }).status === 0,
)
const REDIS_CLI = onPath('redis-cli')
if (PYTHON === undefined)
  console.warn(
    'NOT RUN: the tests with Python, since no python3 here has its redis client (apt: python3-redis).',
  )
if (REDIS_CLI === undefined) console.warn('NOT RUN: the test with redis-cli, since there is none on PATH.')

const tasks = defineTasks({
  batchScore: task({
    name: 'tasks.batch_score',
    output: z.array(z.object({ text: z.string(), score: z.number() })),
  }),
  greet: task({ name: 'tasks.greet', output: z.string() }),
})

type Seen = NoticeOf<TasksOf<typeof tasks>>

/** One job that succeeds and one that fails. */
async function twoOutcomes(store: Store): Promise<void> {
  await joinAll(store, 's')
  await store.enqueue([newJob('a'), newJob('b', { owner: null })])
  const [a, b] = await claim(store, 's')
  await settle(store, 's', succeeded(a!, { ok: true }), failed(b!))
}

const isOfJob = (notice: Notice | Seen): notice is Extract<Seen, { jobId: string }> => 'jobId' in notice

describe.skipIf(REDIS_CLI === undefined)('redis-cli', () => {
  test('reads outcomes in the fields of a bridge', async ({ store, url, key }) => {
    await twoOutcomes(store)
    const { stdout } = spawnSync(
      REDIS_CLI as string,
      ['-u', url, '--raw', 'XREAD', 'COUNT', '10', 'STREAMS', key('outcomes'), '0'],
      { encoding: 'utf8' },
    )
    const said = stdout.replaceAll(/^timestamp\n.*$/gm, 'timestamp')
    expect(said).toContain('task_id\na\ntask_name\nscore\nstatus\nSUCCESS\ntimestamp\nresult\n{"ok":true}\n')
    expect(said).toContain(
      'task_id\nb\ntask_name\nscore\nstatus\nFAILURE\ntimestamp\nerror\nno such column\n',
    )
  })
})

describe.skipIf(PYTHON === undefined)("Python's redis client", () => {
  const python = (args: string[]) =>
    spawn(PYTHON as string, [BRIDGE, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })

  test('hears outcomes as they come, with XREAD', async ({ store, url, key }) => {
    const child = python(['listen', url, key('outcomes'), '2'])
    try {
      const heard: Record<string, unknown>[] = []
      for await (const line of createInterface({ input: child.stdout })) {
        const fields = JSON.parse(line) as Record<string, unknown>
        if ('listening' in fields) await twoOutcomes(store)
        else heard.push(fields)
      }
      expect(heard).toMatchObject([
        { task_id: 'a', task_name: 'score', status: 'SUCCESS', result: '{"ok":true}' },
        { task_id: 'b', task_name: 'score', status: 'FAILURE', error: 'no such column' },
      ])
    } finally {
      child.kill('SIGKILL')
    }
  })

  test('publishes outcomes that typed followers see, live and from history, and consumers ack', async ({
    store,
    url,
    key,
  }) => {
    const queue = queueOver(tasks, store, { onWarning: () => {} })
    const consumed = queue.consume('mailer', { types: ['succeeded'] })
    const first = consumed.next()
    const live = queue.notices()
    expect((await live.next()).value).toMatchObject({ type: 'ready' })
    const start = await store.tail()
    await store.enqueue([newJob('ours', { task: 'tasks.greet', announce: true })])
    const publishing = python(['publish', url, key('outcomes')])
    await once(publishing, 'exit')
    await store.enqueue([newJob('last', { task: 'tasks.greet', announce: true })])

    const expected = [
      { type: 'queued', jobId: 'ours' },
      {
        type: 'succeeded',
        jobId: 'py-1',
        task: 'tasks.batch_score',
        result: [{ text: 'great', score: 0.97 }],
      },
      { type: 'succeeded', jobId: 'py-2', task: 'tasks.greet', result: 'Hello Lucy!' },
      { type: 'succeeded', jobId: 'py-3', result: 'None' },
      { type: 'failed', jobId: 'py-4', error: { name: 'Error', message: 'no model' } },
      { type: 'queued', jobId: 'last' },
    ]
    const read = async (feed: AsyncGenerator<Seen, void, undefined>): Promise<Seen[]> => {
      const seen: Seen[] = []
      for await (const notice of feed) {
        expect(notice.type).not.toBe('gap')
        if (isOfJob(notice)) seen.push(notice)
        if (seen.length === expected.length) break
      }
      return seen
    }
    const seen = await read(live)
    expect(seen).toMatchObject(expected)
    expect(await read(queue.notices({ from: start }))).toEqual(seen)
    expect(await read(queue.notices({ from: 'start' }))).toEqual(seen)
    // From between two of them, none comes twice.
    const rest = queue.notices({ from: seen[2]!.cursor })
    expect((await rest.next()).value).toMatchObject({ jobId: 'py-3' })

    const given = [(await first).value!]
    while (given.length < 3) given.push((await consumed.next()).value!)
    expect(given).toMatchObject(expected.slice(1, 4).map(({ jobId }) => ({ jobId, deliveries: 1 })))
    for (const notice of given) expect(await notice.ack()).toEqual({ outcome: 'acked' })
    await queue.close()
  })
})

test('what another program says of a job of ours is no news of that job', async ({ store, redis, key }) => {
  const queue = queueOver(tasks, store, { onWarning: () => {} })
  const job = await queue.greet.enqueue()
  const told = ['task_id', job.id, 'task_name', 'tasks.greet', 'status', 'SUCCESS', 'result', '"forged"']
  await redis.xadd(key('outcomes'), '*', ...told)
  await joinAll(store, 's')
  const [claimed] = await claim(store, 's')
  await settle(store, 's', succeeded(claimed!, 'real'))
  expect(await job.result()).toBe('real')
  for await (const notice of job) if (notice.type === 'succeeded') expect(notice.result).toBe('real')
  await queue.close()
})

test('whoever follows from now on is not told what others wrote before', async ({ store, redis, key }) => {
  const queue = queueOver(tasks, store, { onWarning: () => {} })
  const old = ['task_id', 'old', 'task_name', 'tasks.greet', 'status', 'SUCCESS', 'result', 'x']
  await redis.xadd(key('outcomes'), '*', ...old)
  const feed = queue.notices()
  await feed.next()
  await redis.xadd(key('outcomes'), '*', ...old.map((word) => (word === 'old' ? 'new' : word)))
  expect((await feed.next()).value).toMatchObject({ jobId: 'new' })
  await queue.close()
})
