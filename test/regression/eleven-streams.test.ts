// The eleventh follower by Server-Sent Events made Node warn of a leak: all of them wait for one word, that the server closes.
import { createJobsClient } from '@lovage/client'
import { sse } from '@lovage/client/sse'
import { createQueue, serve } from '@lovage/server'
import { expect, onTestFinished } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { nodeWarnings } from '../kit/node-warnings.ts'
import { test } from '../redis/stage.ts'

test('a server that many follow by event streams is warned of no leak', async ({ url, namespace }) => {
  const warnings = nodeWarnings()
  const queue = createQueue({ tasks, redis: url, namespace, onWarning: () => {} })
  const server = await serve({ queue, owner: 'public', closeGraceMs: 0 })
  const clients = Array.from({ length: 12 }, () =>
    createJobsClient<typeof server.router>({ url: server.url, transport: sse() }),
  )
  onTestFinished(async () => {
    await Promise.all(clients.map((client) => client.close()))
    await server.close()
    await queue.close()
  })
  for (const { jobs } of clients) expect((await jobs.notices().next()).value).toMatchObject({ type: 'ready' })
  await new Promise(setImmediate) // warnings are told in a later turn
  expect(warnings).toEqual([])
})
