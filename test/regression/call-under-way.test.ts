// A call that a server took and never answered was to end after `callTimeout`. It did not where Node had collected the signal
// that was to end it; and where nothing else kept the process, that ended in the middle.
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const PROGRAM = `
  import { createJobsClient } from '@lovage/client'
  const silent = (_, { signal }) => {
    setTimeout(gc, 20)
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  }
  const { jobs } = createJobsClient({ url: 'http://127.0.0.1:1/trpc', fetch: silent, callTimeout: '300ms' })
  await jobs.groups().catch(({ code }) => console.log(code))
`

test('a call ends in time, and its process stays until then', async () => {
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', PROGRAM], {
    cwd: join(import.meta.dirname, '..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  expect(await text(child.stdout)).toBe('DISCONNECTED\n')
})
