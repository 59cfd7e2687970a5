// Every call of the typed client, against a real server.
import { newJobId } from '@lovage/core'
import { expect, test } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'

test('enqueue gives a handle: followed, awaited, looked at, cancelled', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const job = await jobs.score.enqueue({ texts: ['fine'], at: new Date(0) }, { delay: '0s', attempts: 2 })
  expect(job.task).toBe('score')
  expect(await job.get()).toMatchObject({ id: job.id, state: 'queued' })
  const [claimed] = await it.driver.claim(1, ['score'])
  expect(claimed).toMatchObject({ id: job.id, owner: 'ada', options: { attempts: 2 } })

  const types: string[] = []
  for await (const notice of job) {
    types.push(notice.type)
    if (notice.type === 'started') await it.driver.report(claimed!, { done: 1, total: 2 })
    if (notice.type === 'progress') await it.driver.succeed(claimed!, [{ text: 'fine', label: 'positive' }])
  }
  expect(types.filter((type) => type !== 'ready')).toEqual(['started', 'progress', 'succeeded'])
  expect(await job.result({ timeout: '10s' })).toEqual([{ text: 'fine', label: 'positive' }])
  expect(await jobs.score.result(job.id)).toEqual([{ text: 'fine', label: 'positive' }])
  expect(await jobs.score.get(job.id)).toMatchObject({ state: 'succeeded' })
  expect(await job.cancel('too late')).toEqual({ outcome: 'ended', state: 'succeeded' })

  const other = await jobs.score.enqueue({ texts: [] })
  expect(await jobs.cancel(other.id, 'no need')).toEqual({ outcome: 'cancelled' })
  await expect(other.result()).rejects.toMatchObject({
    code: 'JOB_CANCELLED',
    details: { by: 'ada', reason: 'no need' },
  })
})

test('tasks that take nothing, have a default, a name of their own or a place in a tree', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const id = newJobId()
  expect(await jobs.sweep.enqueue()).toMatchObject({ task: 'sweep' })
  expect(await jobs.sweep.enqueue(undefined, { id })).toMatchObject({ task: 'sweep', id })
  expect(await jobs.mail.greet.enqueue()).toMatchObject({ task: 'mail.greet' })
  const sent = await jobs.mail.send.enqueue({ to: 'bob@example.com' })
  expect(sent.task).toBe('send-mail')
  const [, , , claimed] = await it.driver.claim(4)
  const at = new Map([['sent', new Date(5)]])
  await it.driver.succeed(claimed!, at)
  expect(await sent.result()).toEqual(at)
})

test('a handle survives JSON, and is found again at its cursor', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const job = await jobs.score.enqueue({ texts: [] })
  const [claimed] = await it.driver.claim(1, ['score'])
  await it.driver.report(claimed!, { done: 1, total: 1 })
  for await (const notice of job) if (notice.type === 'started') break
  const text = JSON.stringify({ job })
  expect(JSON.parse(text)).toEqual({ job: { id: job.id, task: 'score', cursor: job.cursor } })

  await it.driver.succeed(claimed!, [])
  const again = it.client().jobs.attach(JSON.parse(text).job as ReturnType<typeof job.toJSON>)
  const types: string[] = []
  for await (const notice of again) types.push(notice.type)
  expect(types).toEqual(['progress', 'succeeded'])
  expect(await jobs.attach({ id: job.id, task: 'score' }).result()).toEqual([])
})

test('nothing that the client gives is thenable, and no word beyond the verbs is a call', async () => {
  await using it = await createHarness(tasks)
  const client = it.client()
  const job = await client.jobs.sweep.enqueue()
  for (const thing of [client, client.jobs, client.jobs.score, job]) {
    expect((thing as { then?: unknown }).then).toBeUndefined()
    expect(await Promise.resolve<unknown>(thing)).toBe(thing)
  }
  expect(JSON.stringify({ jobs: client.jobs })).toBe('{}')
  const loose = client.jobs as unknown as { score: { delete: (id: string) => unknown } }
  expect(() => loose.score.delete(job.id)).toThrow('jobs.score.delete is no call. Calls end in enqueue, ')
})

test('many inputs go in groups that a server takes, and come back in order', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client()
  const small = Array.from({ length: 1_100 }, (_, n) => ({ texts: [String(n)] }))
  const handles = await jobs.score.enqueueMany(small, { attempts: 1 })
  const claimed = (await Promise.all(Array.from({ length: 11 }, () => it.driver.claim(100)))).flat()
  expect(claimed.map(({ id, input }) => [id, input.json])).toEqual(
    handles.map(({ id }, n) => [id, JSON.stringify(small[n])]),
  )

  // 6 MB, where one request may have 1 MiB.
  const large = Array.from({ length: 20 }, () => ({ texts: ['x'.repeat(300_000)] }))
  expect(await jobs.score.enqueueMany(large)).toHaveLength(20)
  await Promise.all(large.map((input) => jobs.score.enqueue(input)))
  expect(await it.queue.counts()).toMatchObject({ queued: 40 })
})

test('by HTTP small calls of one tick share a request', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.client({ calls: 'http' })
  const handles = await Promise.all(Array.from({ length: 30 }, () => jobs.sweep.enqueue()))
  await Promise.all(handles.map((job) => job.get()))
  expect(it.line.heard.match(/^HTTP\/1\.1 200/gm)).toHaveLength(2)
})
