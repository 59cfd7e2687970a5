// `lovage inspect`: who works, on what, how fast, and who listens.
import { expect } from 'vitest'
import { test } from './program.ts'

test('nobody and nothing is said in words', async ({ lovage }) => {
  const said = async (what: string): Promise<string> => (await lovage(['inspect', what])).stdout
  expect(await said('workers')).toBe('No worker is running. `lovage worker ./worker.ts` starts one.\n')
  expect(await said('pools')).toBe('No worker runs handlers in threads or processes.\n')
  expect(await said('queues')).toBe('Nobody waits, and no worker serves a queue.\n')
  expect(await said('active')).toBe('No job is running.\n')
  expect(await said('scheduled')).toBe('No job waits for its time.\n')
  expect(await said('schedules')).toBe('There is no schedule.\n')
  expect(await said('consumers')).toBe('There is no group of consumers.\n')
  expect(await said('stats')).toMatch(/^0 queued, .*; 0 worker\(s\)\n$/)
  expect(await lovage(['inspect', 'worker'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Allowed choices are workers, pools, queues, active,'),
  })
})

test('workers are listed with what they are, and the jobs that they run', async ({
  lovage,
  start,
  worker,
}) => {
  const running = await worker(['./worker.ts', '--name', 'mill', '--concurrency', '3'])
  const watching = start(['notices', '--follow', '--json'])
  await watching.until('stdout', /"ready"/)
  const id = (await lovage(['enqueue', 'hold'])).stdout.trim()
  await watching.until('stdout', /"type":"progress"/)

  const [head, row] = (await lovage(['inspect', 'workers'])).stdout.split('\n')
  expect(head).toMatch(/^WORKER +VERSION +SLOTS +UP +MEMORY +QUEUES +TASKS$/)
  expect(row).toMatch(/^mill +\d+\.\d+\.\d+ +1\/3 +.* default +score hold outlive mail\.send$/)
  const [one] = JSON.parse((await lovage(['inspect', 'workers', '--json'])).stdout) as object[]
  expect(one).toMatchObject({ running: 1, info: { name: 'mill', slots: 3, pid: running.child.pid } })

  const active = (await lovage(['inspect', 'active'])).stdout
  expect(active).toMatch(new RegExp(`^${id}  hold  mill +1  .*{"done":1,"total":2}$`, 'm'))
  expect(JSON.parse((await lovage(['inspect', 'active', '--json'])).stdout)).toMatchObject([
    { id, task: 'hold', worker: 'mill', progress: { done: 1, total: 2 } },
  ])
  await lovage(['enqueue', 'hold'])
  await watching.until('stdout', /"type":"progress"/, 2)
  expect((await lovage(['inspect', 'active', '--limit', '1'])).stdout).toMatch(/\n… and 1 more\n$/)
})

test('stats count jobs by state and tell of each task how it goes', async ({ lovage, worker }) => {
  await worker()
  await lovage(['enqueue', 'score', '{"texts":[]}', '--delay', '1h'])
  const [summary, , head, ...rows] = (await lovage(['inspect', 'stats'])).stdout.trim().split('\n')
  expect(summary).toMatch(/^0 queued, .*1 scheduled, .*; 1 worker\(s\)$/)
  expect(head).toMatch(/^TASK +WORKERS +PER SECOND +P50 +P99 +SUCCEEDED/)
  expect(rows.map((row) => row.split(/\s+/).slice(0, 2))).toEqual([
    ['hold', '1'],
    ['mail.send', '1'],
    ['outlive', '1'],
    ['score', '1'],
  ])
})

test('queues are listed with what waits in them and who serves them', async ({ lovage, worker }) => {
  await worker(['./worker.ts', '--queues', 'mail', '--concurrency', '3'])
  await lovage(['enqueue', 'score', '{"texts":[]}'])
  const [head, ...rows] = (await lovage(['inspect', 'queues'])).stdout.trim().split('\n')
  expect(head).toMatch(/^QUEUE +WAITING +OLDEST +WORKERS +SLOTS$/)
  expect(rows).toEqual([
    expect.stringMatching(/^default +1 +\S+ +0 +0$/),
    expect.stringMatching(/^mail +0 +1 +3$/),
  ])
  expect(JSON.parse((await lovage(['inspect', 'queues', '--json'])).stdout)).toMatchObject([
    { queue: 'default', queued: 1, oldestMs: expect.any(Number), workers: 0, slots: 0 },
    { queue: 'mail', queued: 0, oldestMs: null, workers: 1, slots: 3 },
  ])
})

test('jobs with a later start are listed, the next one first', async ({ lovage }) => {
  const late = (await lovage(['enqueue', 'score', '{"texts":[]}', '--delay', '2h'])).stdout.trim()
  const soon = (await lovage(['enqueue', 'score', '{"texts":[]}', '--delay', '1h'])).stdout.trim()
  const [head, ...rows] = (await lovage(['inspect', 'scheduled'])).stdout.trim().split('\n')
  expect(head).toMatch(/^JOB +TASK +STATE +ATTEMPT +DUE/)
  expect(rows).toEqual([
    expect.stringMatching(new RegExp(`^${soon}  score  scheduled +0  .*in 59m$`)),
    expect.stringMatching(new RegExp(`^${late}  score  scheduled +0  .*in 1h$`)),
  ])
})

test('groups of consumers are listed with how far they are behind', async ({ lovage, worker, store }) => {
  const rules = { tasks: null, types: null, ackWaitMs: 30_000, maxDeliveries: 5 }
  const group = { name: 'mailer', owner: null }
  await store.consumers.open({ ...group, rules, from: null, maxGroups: 10 })
  await worker()
  await lovage(['enqueue', 'score', '{"texts":[]}', '--wait'])
  await store.consumers.pull({ ...group, member: 'm1', window: 1, resume: false })
  expect((await lovage(['inspect', 'consumers'])).stdout.split('\n')).toEqual([
    'GROUP   OWNER  MEMBERS  PENDING  BEHIND  MISSED  DEAD',
    expect.stringMatching(/^mailer +1 +1 +2 +0 +0$/),
    '',
  ])
})

test('a job of a task that no running worker knows is put in line with a word of doubt', async ({
  lovage,
  worker,
}) => {
  await worker()
  const { code, stderr } = await lovage(['enqueue', 'scroe', '{}'])
  expect(stderr).toBe('No running worker knows the task scroe; the job waits for one. Did you mean score?\n')
  expect(code).toBe(0)
})
