// A process whose socket had rested after a call, and whose only work was a subscription from then on, ended in the middle of
// it: nothing kept it alive.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createQueue, serve } from '@lovage/server'
import { expect, onTestFinished } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { test } from '../redis/stage.ts'

const PROGRAM = `
  import { createJobsClient } from '@lovage/client'
  const { jobs, close } = createJobsClient({ url: process.env.API_URL })
  await jobs.groups()
  for await (const notice of jobs.notices()) {
    console.log(notice.type)
    if (notice.type === 'cancelled') break
  }
  await close()
`

test('a process that follows by a socket which had rested stays until it has heard all', async ({
  url,
  namespace,
}) => {
  const queue = createQueue({ tasks, redis: url, namespace, onWarning: () => {} })
  const server = await serve({ queue, owner: 'public', closeGraceMs: 0 })
  onTestFinished(async () => {
    await server.close()
    await queue.close()
  })
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    cwd: join(import.meta.dirname, '..'),
    env: { ...process.env, API_URL: server.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit') as Promise<[number]>
  let said = ''
  for await (const chunk of child.stdout) {
    said += String(chunk)
    if (said === 'ready\n') await (await queue.score.enqueue({ texts: ['a'] })).cancel()
  }
  const [code] = await exited
  expect(said).toBe('ready\ncancelled\n')
  expect(code).toBe(0)
})
