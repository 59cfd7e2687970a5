// `lovage enqueue` without the tasks' module put a job with an idempotency key in another partition than an app does: the same
// key made two jobs.
import { createQueue } from '@lovage/redis'
import { expect, onTestFinished } from 'vitest'
import { test } from '../cli/program.ts'
import { tasks } from '../cli/fixtures/tasks.ts'

const words = ['enqueue', 'score', '{"texts":["a"]}', '--partitions', '8', '--idempotency-key']

test('over partitions a key is the same job for the program and for an app, or the program says what it needs', async ({
  lovage,
  url,
  namespace,
}) => {
  const queue = createQueue({ tasks, redis: url, namespace, partitions: 8, onWarning: () => {} })
  onTestFinished(() => queue.close())
  const { id } = await queue.score.enqueue({ texts: ['a'] }, { idempotencyKey: 'monday' })

  const blind = await lovage([...words, 'monday'])
  expect(blind.stderr).toContain('Name the tasks (lovage --tasks ./tasks.ts)')
  expect(blind).toMatchObject({ code: 2, stdout: '' })
  expect(await queue.counts()).toMatchObject({ queued: 1 })

  const seeing = await lovage([...words, 'monday', '--tasks', './tasks.ts'])
  expect(seeing).toMatchObject({ code: 0, stdout: `${id}\n` })
})
