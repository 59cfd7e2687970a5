// Behind a cipher nobody waited for replicas: a job was acknowledged as replicated where there was no replica at all.
import { randomBytes } from 'node:crypto'
import { defineTasks, task } from '@lovage/core'
import { aesGcm, createQueue } from '@lovage/redis'
import { expect, onTestFinished } from 'vitest'
import { test } from '../redis/stage.ts'

const tasks = defineTasks({ plain: task({}) })

test('a job that no replica has is not acknowledged as replicated, whatever stands before the store', async ({
  url,
  namespace,
}) => {
  const cipher = aesGcm({ keys: { k: randomBytes(32) }, current: 'k' })
  const durability = { replicas: 1, timeout: 50 }
  const queue = createQueue({ tasks, redis: url, namespace, cipher, durability })
  onTestFinished(() => queue.close())
  await expect(queue.plain.enqueue()).rejects.toMatchObject({
    code: 'NOT_REPLICATED',
    details: { acknowledged: 0, needed: 1 },
  })
})
