// What the program says when something is wrong, and with which exit code.
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { expect } from 'vitest'
import { withRedis } from '../redis/stage.ts'
import { test } from './program.ts'

test('bad JSON is shown with a mark where it is wrong, and nothing is enqueued', async ({
  lovage,
  redis,
  key,
}) => {
  const { code, stderr } = await lovage(['enqueue', 'score', '{"texts":["a"],\n"more" 1}'])
  expect(stderr.split('\n')).toEqual([
    expect.stringMatching(/^error: the input is no JSON: .+ at line 2, column 8$/),
    '  "more" 1}',
    '         ^',
    `In a shell, JSON stands in single quotes: '{"texts":["hi"]}'`,
    '',
  ])
  expect(code).toBe(2)
  expect(await redis.exists(key('jobs'))).toBe(0)
})

test.for([
  ['hello', 1],
  ['{"a":tru}', 6],
  ['{"a":1', 7],
  ['', 1],
  [`{"a":"${'x'.repeat(200)}",}`, 209],
])('where Node does not say it, the place is found all the same: %s', async ([json, column], { lovage }) => {
  const { code, stderr } = await lovage(['enqueue', 'score', '-'], { stdin: json as string })
  expect(stderr).toContain(`error: stdin is no JSON`)
  expect(stderr).toContain(`at line 1, column ${column}\n`)
  expect(
    Math.max(
      ...stderr
        .split('\n')
        .slice(1, 3)
        .map((line) => line.length),
    ),
  ).toBeLessThan(80)
  expect(code).toBe(2)
})

test('a wrong name of a task is corrected, and a wrong input is told, where the tasks are known', async ({
  lovage,
}) => {
  const tasks = ['--tasks', './tasks.ts']
  expect(await lovage(['enqueue', 'scor', '{}', ...tasks])).toMatchObject({
    code: 2,
    stderr:
      'error: There is no task "scor". Known tasks: score, hold, outlive, mail.send.\nDid you mean score?\n',
  })
  expect(await lovage(['enqueue', 'score', '{"texts":[7]}', ...tasks])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/texts\[0\]: .*expected string.*Nothing was enqueued\.\n$/),
  })
  const json = await lovage(['enqueue', 'score', '{"texts":[7]}', ...tasks, '--json'])
  expect(JSON.parse(json.stderr)).toMatchObject({
    error: { code: 'INPUT_INVALID', details: { task: 'score', issues: [{ path: 'texts[0]' }] } },
  })
})

test('a configuration says what else would be typed at every command', async ({ lovage, project, url }) => {
  const cwd = await project({
    'tasks.ts': `import { defineTasks, task } from '@lovage/core'
      export const tasks = defineTasks({ ping: task() })`,
    'lovage.config.ts': `import { defineConfig } from '@lovage/cli'
      import { tasks } from './tasks.ts'
      export default defineConfig({ redis: '${url}', tasks })`,
  })
  const env = { REDIS_URL: '' }
  expect((await lovage(['enqueue', 'ping'], { cwd, env })).code).toBe(0)
  expect((await lovage(['enqueue', 'pong'], { cwd, env })).stderr).toContain('Did you mean ping?')
  // What is typed goes first.
  const elsewhere = ['enqueue', 'ping', '--redis', 'redis://nowhere.invalid']
  expect((await lovage(elsewhere, { cwd })).code).toBe(3)
})

test.for([
  ['--tasks', './missing.ts', 'There is no module of tasks at'],
  ['--tasks', './handlers.ts', 'exports no tasks'],
  ['--config', './worker-options.ts', 'has no default export that is a configuration'],
])('%s %s is told: %s', async ([option, file, told], { lovage }) => {
  const { code, stderr } = await lovage(['enqueue', 'score', option as string, file as string])
  expect(stderr).toContain(told)
  expect(code).toBe(2)
})

test('what was meant is guessed for commands and options, too', async ({ lovage }) => {
  expect(await lovage(['notice'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('(Did you mean notices?)'),
  })
  expect(await lovage(['notices', '--folow'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('(Did you mean --follow?)'),
  })
  expect(await lovage(['notices', '--type', 'suceeded'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Did you mean succeeded?'),
  })
  const json = await lovage(['notices', '--folow', '--json'])
  expect(JSON.parse(json.stderr)).toEqual({
    error: { code: 'USAGE', message: expect.stringContaining("unknown option '--folow'") as string },
  })
})

test.for([
  ['enqueue', 'score', '{}', '--delay', 'soon'],
  ['enqueue', 'score', '{}', '--attempts', '0'],
  ['worker', './worker.ts', '--concurrency', 'many'],
  ['worker', './worker.ts', '--log-level', 'loud'],
  ['notices', '--from', 'yesterday'],
  ['get'],
  [],
])('what cannot be is refused before anything is connected: %s', async (args, { lovage }) => {
  const { code, stdout, stderr } = await lovage(args, { env: { REDIS_URL: 'redis://nowhere.invalid' } })
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).not.toBe('')
})

test('a server that is not there is exit code 3, with what to try', async ({ lovage }) => {
  const port = await closedPort()
  const { code, stderr } = await lovage(['get', 'x', '--redis', `redis://127.0.0.1:${port}`])
  expect(stderr).toMatch(/^error: Redis at 127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/)
  expect(stderr).toContain('Start one (docker run --rm -p 6379:6379 redis)')
  expect(code).toBe(3)
})

test('a server that wants a password says so, and the password is never printed', async ({ lovage }) => {
  await withRedis(['--requirepass', 'secret'], async ({ url }) => {
    const open = await lovage(['get', 'x', '--redis', url])
    expect(open).toMatchObject({ code: 3, stderr: expect.stringContaining('It asks for a password') })
    const wrong = await lovage(['get', 'x', '--redis', url.replace('//', '//:hunter2@')])
    expect(wrong).toMatchObject({ code: 3, stderr: expect.stringContaining('WRONGPASS') })
    expect(wrong.stderr + wrong.stdout).not.toContain('hunter2')
  })
})

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
