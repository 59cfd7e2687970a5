// What a program in any language sees that knows Redis and nothing of Lovage.
import { type Encoded, START } from '@lovage/core'
import { describe, expect } from 'vitest'
import {
  cancelOf,
  claimOne,
  encoded,
  failed,
  joinAll,
  newJob,
  report,
  retrying,
  saying,
  settle,
  succeeded,
  step,
} from '../conformance/acts.ts'
import { test } from './stage.ts'

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

const namesIn = (fields: readonly string[]): string[] => fields.filter((_, index) => index % 2 === 0)
const asObject = (fields: readonly string[]): Record<string, string> =>
  Object.fromEntries(namesIn(fields).map((name, index) => [name, fields[2 * index + 1] as string]))

/** `2026-11-21` at one moment or another, for documents with a clock of their own. */
const at = (text: string) => ({ now: () => Date.parse(text), after: () => () => {} })

describe('the stream', () => {
  test('says what handlers say in readable fields, and a string keeps it with the job as JSON lines', async ({
    store,
    redis,
    key,
  }) => {
    await joinAll(store, 's')
    await store.enqueue([newJob('a')])
    const a = await claimOne(store, 's')
    const line = { at: 5, level: 'info', message: 'model loaded', fields: { ms: 840 } }
    const part = { dropped: 0, first: 1, count: 1 }
    await store.say('s', [
      saying(
        { ...a, attempt: 2 },
        { ...part, type: 'log', data: encoded([line]) },
        { ...part, type: 'chunk', first: 4, count: 5, dropped: 4, data: encoded('upon\n') },
      ),
    ])
    const records = await redis.xrange(key('outcomes'), '-', '+')
    const fields = records.map(([, flat]) => asObject(flat))
    expect(namesIn(records[0]![1]).join(' ')).toBe(
      'task_id task_name status timestamp lines seq first owner attempt',
    )
    expect(fields).toMatchObject([
      { task_id: 'a', status: 'LOG', first: '1', attempt: '2' },
      { task_id: 'a', status: 'CHUNK', text: 'upon\n', first: '4', dropped: '4' },
    ])
    expect(JSON.parse(fields[0]!['lines']!)).toEqual([line])
    const kept = (await redis.get(key('said:a')))!.trimEnd().split('\n')
    expect(kept.map((text) => JSON.parse(text) as unknown)).toMatchObject([
      { cursor: `${records[0]![0]}.1`, attempt: 2, first: 1, lines: [line] },
      { cursor: `${records[1]![0]}.2`, attempt: 2, first: 4, dropped: 4, text: 'upon\n' },
    ])
    expect(await redis.pttl(key('said:a'))).toBeGreaterThan(0)
  })

  test('has the fields of a Celery bridge first and in their order, then ours', async ({
    store,
    redis,
    key,
  }) => {
    await joinAll(store, 's')
    await store.enqueue([newJob('a', { announce: true }), newJob('b', { owner: null })])
    const [a, b] = (await step(store, 's', { claim: 2, announce: new Set(['score']) })).claimed
    await store.progress('s', [report(a!, { done: 1 })])
    await settle(store, 's', succeeded(a!, { ok: true }), retrying(b!, 0))
    await settle(store, 's', failed(await claimOne(store, 's')))
    await store.enqueue([newJob('c')])
    await store.cancel(cancelOf('c'))

    const records = await redis.xrange(key('outcomes'), '-', '+')
    expect(records.map(([, fields]) => namesIn(fields).join(' '))).toEqual([
      'task_id task_name status timestamp attempt seq owner',
      'task_id task_name status timestamp attempt seq owner',
      'task_id task_name status timestamp attempt seq',
      'task_id task_name status timestamp result seq owner',
      'task_id task_name status timestamp result seq owner',
      'task_id task_name status timestamp error seq error_name run_at',
      'task_id task_name status timestamp error seq error_name attempt',
      'task_id task_name status timestamp attempt seq by reason owner',
    ])
    const fields = records.map(([, flat]) => asObject(flat))
    expect(fields.map(({ task_id, status }) => `${task_id} ${status}`)).toEqual([
      'a PENDING',
      'a STARTED',
      'b STARTED',
      'a PROGRESS',
      'a SUCCESS',
      'b RETRY',
      'b FAILURE',
      'c REVOKED',
    ])
    expect(fields.map(({ seq }) => seq)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8'])
    for (const { timestamp } of fields) expect(timestamp).toMatch(ISO)
    expect(fields[4]).toMatchObject({ task_name: 'score', result: '{"ok":true}', owner: 'ada' })
    expect(fields[6]).toMatchObject({ error: 'no such column', error_name: 'TypeError', attempt: '2' })
    expect(fields[7]).toMatchObject({ by: 'ada', reason: 'no longer needed' })
    expect(await redis.get(key('tail'))).toBe(`${records.at(-1)![0]}.8`)
  })

  test('names the key of a result that is too large to be copied', async ({ store, redis, key }) => {
    await joinAll(store, 's')
    await store.enqueue([newJob('small'), newJob('large')])
    const fits = 'x'.repeat(4_096 - 2)
    await settle(store, 's', succeeded(await claimOne(store, 's'), fits))
    await settle(store, 's', succeeded(await claimOne(store, 's'), `${fits}x`))

    const [small, large] = (await redis.xrange(key('outcomes'), '-', '+')).map(([, flat]) => asObject(flat))
    expect(small).toMatchObject({ task_id: 'small', result: JSON.stringify(fits) })
    expect(large).toMatchObject({ task_id: 'large', ref: key('r:large') })
    expect(large).not.toHaveProperty('result')

    const { notices } = await store.range(START, 10)
    expect(notices[0]).toHaveProperty('data')
    expect(notices[1]).not.toHaveProperty('data')
    expect(await store.get('large')).toMatchObject({ result: { json: JSON.stringify(`${fits}x`) } })
  })

  test.for([
    '1970-01-01T00:00:00.000Z',
    '1999-12-31T23:59:59.999Z',
    '2000-02-29T12:00:00.001Z',
    '2024-02-29T00:00:00.000Z',
    '2025-03-01T00:00:00.010Z',
    '2026-11-21T08:30:05.100Z',
    '2100-02-28T23:59:59.000Z',
    '2100-03-01T00:00:00.000Z',
  ])('says %s as everybody does', async (moment, { open, redis, key }) => {
    await open({ clock: at(moment) }).enqueue([newJob('a', { announce: true })])
    const [[, fields]] = (await redis.xrange(key('outcomes'), '-', '+')) as [[string, string[]]]
    expect(asObject(fields)['timestamp']).toBe(moment)
  })
})

describe('the result', () => {
  const rich: Encoded = {
    json: '{"at":"2026-11-21T00:00:00.000Z"}',
    meta: '{"values":{"at":["Date"]},"v":1}',
  }

  test('is one JSON document in a string that expires', async ({ open, redis, key }) => {
    const store = open({ clock: at('2026-11-21T10:00:00.000Z') })
    await joinAll(store, 's')
    await store.enqueue([
      newJob('plain', { owner: null }),
      newJob('rich'),
      newJob('failed'),
      newJob('cancelled'),
    ])
    const claimed = (await step(store, 's', { claim: 3 })).claimed
    const [first, second, third] = claimed
    await settle(
      store,
      's',
      succeeded(first!, [{ ok: true }], 60_000),
      { ...succeeded(second!), to: 'succeeded', result: rich, ttlMs: 60_000 },
      failed({ ...third!, attempt: 2 }, 60_000),
    )
    await store.cancel(cancelOf('cancelled', 60_000))

    const text = async (id: string) => redis.get(key(`r:${id}`))
    const started = Date.parse('2026-11-21T10:00:00.000Z')
    const end = `"started":${started},"date_done":"2026-11-21T10:00:00.000Z"}`
    expect(await text('plain')).toBe(`{"status":"SUCCESS","result":[{"ok":true}],"task":"score",${end}`)
    expect(await text('rich')).toBe(
      `{"status":"SUCCESS","result":${rich.json},"meta":${rich.meta},"task":"score","owner":"ada",${end}`,
    )
    expect(await text('failed')).toBe(
      '{"status":"FAILURE","worker":"s","error":{"name":"TypeError","message":"no such column"},' +
        `"traceback":"TypeError: no such column\\n  at score","task":"score","owner":"ada","attempt":2,${end}`,
    )
    expect(JSON.parse((await text('cancelled'))!)).toEqual({
      status: 'REVOKED',
      by: 'ada',
      reason: 'no longer needed',
      task: 'score',
      owner: 'ada',
      attempt: 0,
      date_done: '2026-11-21T10:00:00.000Z',
    })
    const left = await redis.pttl(key('r:plain'))
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(60_000)
  })

  test('keeps a bounded part of a message and of a stack', async ({ store }) => {
    await joinAll(store, 's')
    await store.enqueue([newJob('a')])
    const job = await claimOne(store, 's')
    const error = { name: 'RangeError', message: 'm'.repeat(10_000), stack: 's'.repeat(100_000) }
    await settle(store, 's', { ...succeeded(job), to: 'failed', error, ttlMs: 1_000 })
    const snapshot = await store.get('a')
    const kept = snapshot !== null && 'error' in snapshot ? snapshot.error : undefined
    expect(kept?.message).toBe(`${'m'.repeat(4_095)}…`)
    expect(kept?.stack).toBe(`${'s'.repeat(8_191)}…`)
    expect((await store.range(START, 1)).notices[0]!.error!.message).toBe(kept?.message)
  })
})

test('a waiting job is one JSON array in which its input stands as it is', async ({ store, redis, key }) => {
  const input = encoded({ text: 'Grüße "∞"', deep: [{ a: null }] })
  await store.enqueue([
    newJob('a', { input, owner: null }),
    newJob('b', {
      input: { json: '["1"]', meta: '{"values":{"0":["bigint"]}}' },
      options: { attempts: 5, timeLimitMs: 9 },
    }),
  ])
  const [plain, rich] = await redis.hmget(key('jobs'), 'a', 'b')
  expect(plain).toBe(`[1,"score",null,0,${input.json}]`)
  expect(JSON.parse(rich!)).toEqual([
    1,
    'score',
    'ada',
    { attempts: 5, timeLimitMs: 9 },
    ['1'],
    { values: { 0: ['bigint'] } },
  ])
})

test('names with quotes, backslashes and line feeds come back as they were, wherever they are written', async ({
  store,
}) => {
  const task = 'we"ird\\\n{},'
  const owner = '=O"Neil\\",null,'
  await joinAll(store, 's')
  await store.enqueue([newJob('a', { task, owner, announce: true }), newJob('b', { task, owner })])
  const [a] = (await step(store, 's', { claim: 1, announce: new Set(['other', task]) })).claimed
  expect(a).toMatchObject({ task, owner })
  await settle(store, 's', succeeded(a!))
  await store.cancel({ id: 'b', by: 'm"e', reason: '', ttlMs: 1_000 })

  const { notices } = await store.range(START, 10)
  expect(notices.map(({ type }) => type)).toEqual(['queued', 'started', 'succeeded', 'cancelled'])
  for (const notice of notices) expect(notice).toMatchObject({ task, owner })
  expect(await store.get('a')).toMatchObject({ task, owner })
  expect(await store.get('b')).toMatchObject({ task, owner, by: 'm"e', reason: '' })
})
