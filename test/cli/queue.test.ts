// `lovage queue`: the flow is stopped, started, waited for, and cleared.
import { expect } from 'vitest'
import { hasTerminals, test } from './program.ts'

const score = ['enqueue', 'score', '{"texts":["great"]}']

test('what is paused is not started until it is resumed', async ({ lovage, worker }) => {
  await worker()
  expect((await lovage(['queue', 'paused'])).stdout).toBe('Nothing is paused.\n')
  expect((await lovage(['queue', 'pause'])).stdout).toBe('queue default paused\n')
  expect((await lovage(['queue', 'pause'])).stdout).toBe('queue default was paused already\n')
  expect(JSON.parse((await lovage(['queue', 'paused', '--json'])).stdout)).toEqual([{ queue: 'default' }])
  const id = (await lovage(score)).stdout.trim()
  expect(await lovage(['queue', 'drain', '--timeout', '1ms'])).toMatchObject({
    code: 5,
    stderr: '1 job(s) are left after 1ms.\n',
  })
  expect(JSON.parse((await lovage(['get', id, '--json'])).stdout)).toMatchObject({ state: 'queued' })
  expect((await lovage(['queue', 'resume'])).stdout).toBe('queue default resumed\n')
  expect((await lovage(['queue', 'resume'])).stdout).toBe('queue default was not paused\n')
  expect((await lovage(['result', id, '--wait'])).code).toBe(0)
})

test('one task is paused, or one of its keys, and the others go on', async ({ lovage, worker }) => {
  await worker()
  await lovage(['queue', 'pause', '--task', 'score'])
  await lovage(['queue', 'pause', '--task', 'mail.send', '--key', 'acme'])
  expect((await lovage(['queue', 'paused'])).stdout.trim().split('\n').sort()).toEqual([
    'task mail.send, key acme',
    'task score',
  ])
  expect((await lovage(['enqueue', 'mail.send', '{"to":"ada@example.org"}', '--wait'])).code).toBe(0)
  expect(await lovage(['queue', 'pause', '--key', 'acme'])).toMatchObject({ code: 2 })
})

test('drain ends when the last job has', async ({ lovage, worker }) => {
  const ids = [(await lovage(score)).stdout.trim(), (await lovage(score)).stdout.trim()]
  await worker()
  expect(await lovage(['queue', 'drain'])).toMatchObject({ code: 0, stderr: 'No job is left to run.\n' })
  for (const id of ids) expect((await lovage(['result', id])).code).toBe(0)
  expect((await lovage(['queue', 'drain', '--json'])).stdout).toBe('{"left":0}\n')
})

test.skipIf(!hasTerminals)('a bar shows how much is left to drain', async ({ lovage, terminal, worker }) => {
  await lovage(score)
  await using draining = terminal(['queue', 'drain'])
  await draining.until('stdout', /░.* 0 % {2}1 left, and no worker is running/)
  await worker()
  expect((await draining.ended()).stdout).toContain('No job is left to run.')
})

test('purge cancels what waits and nothing that runs, after a yes', async ({ lovage, worker }) => {
  const later = (await lovage([...score, '--delay', '1h'])).stdout.trim()
  const queued = (await lovage(score)).stdout.trim()
  expect(await lovage(['queue', 'purge'])).toMatchObject({
    code: 2,
    stderr: 'error: Cancel 2 waiting job(s)? Nobody is here to answer.\n--yes answers beforehand.\n',
  })
  expect((await lovage(['queue', 'purge', '--task', 'mail.send', '--yes'])).stdout).toBe('0 cancelled\n')
  expect((await lovage(['queue', 'purge', '--queue', 'other', '--yes'])).stdout).toBe('0 cancelled\n')
  expect((await lovage(['queue', 'purge', '--yes', '--json'])).stdout).toBe('{"cancelled":2}\n')
  for (const id of [later, queued]) {
    expect(JSON.parse((await lovage(['get', id, '--json'])).stdout)).toMatchObject({
      state: 'cancelled',
      reason: 'purged',
    })
  }
  await worker()
  const id = (await lovage(['enqueue', 'hold'])).stdout.trim()
  for (;;) {
    const { state } = JSON.parse((await lovage(['get', id, '--json'])).stdout) as { state: string }
    if (state === 'running') break
  }
  expect((await lovage(['queue', 'purge', '--yes'])).stdout).toBe('0 cancelled\n')
})
