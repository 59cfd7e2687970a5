// `lovage schedule`: what the clock enqueues.
import { queueOver, type Store } from '@lovage/core'
import { expect } from 'vitest'
import { tasks } from './fixtures/tasks.ts'
import { ID, test } from './program.ts'

test('schedules are listed with when they are due next', async ({ lovage, store }) => {
  expect((await lovage(['schedule', 'list'])).stdout).toBe('There is no schedule.\n')
  await addNightly(store)
  const lines = [
    expect.stringMatching(/^SCHEDULE +TASK +NEXT +WHEN +FROM$/),
    expect.stringMatching(/^nightly +score +\d{4}-\d\d-\d\d 03:00:00 +0 3 \* \* \* UTC +user$/),
    '',
  ]
  for (const words of [
    ['schedule', 'list'],
    ['inspect', 'schedules'],
  ])
    expect((await lovage(words, { env: { TZ: 'UTC' } })).stdout.split('\n')).toEqual(lines)
  expect(JSON.parse((await lovage(['schedule', 'list', '--json'])).stdout)).toMatchObject([
    {
      name: 'nightly',
      task: 'score',
      cron: '0 3 * * *',
      tz: 'UTC',
      source: 'user',
      input: { texts: ['great'] },
    },
  ])
})

test('run enqueues the job now, and leaves the next time as it is', async ({ lovage, store, worker }) => {
  await addNightly(store)
  const before = await store.schedules()
  await worker()
  const { stdout } = await lovage(['schedule', 'run', 'nightly'])
  expect(stdout).toMatch(ID)
  const result = await lovage(['result', stdout.trim(), '--wait', '--json'])
  expect(JSON.parse(result.stdout)).toEqual([{ text: 'great', label: 'positive' }])
  expect(await store.schedules()).toEqual(before)
})

test('a wrong name is corrected', async ({ lovage, store }) => {
  await addNightly(store)
  expect(await lovage(['schedule', 'run', 'nightyl'])).toMatchObject({
    code: 2,
    stderr: 'error: There is no schedule "nightyl". Schedules: nightly.\nDid you mean nightly?\n',
  })
})

async function addNightly(store: Store): Promise<void> {
  const queue = queueOver(tasks, store)
  await queue.schedules.add('nightly', queue.score.call({ texts: ['great'] }), { cron: '0 3 * * *' })
}
