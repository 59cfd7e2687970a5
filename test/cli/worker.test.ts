// `lovage worker`: whichever way a module brings its worker, in production and while one writes it.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { test } from './program.ts'

test.for(['./worker.ts', './worker-unrun.ts', './worker-options.ts'])(
  'TypeScript is run as it is, and what is typed goes before what the module says: %s',
  async (module, { worker, lovage }) => {
    const running = await worker([module, '--concurrency', '7', '--name', 'mill'])
    expect(running.stdout).toContain('concurrency 7')
    const { stdout } = await lovage(['enqueue', 'score', '{"texts":["great"]}', '--wait', '--json'])
    expect(JSON.parse(stdout)).toEqual([{ text: 'great', label: 'positive' }])
    running.child.kill('SIGTERM')
    expect((await running.ended()).code).toBe(0)
  },
)

test('a worker serves the queues that are typed, and no others', async ({ worker, lovage }) => {
  await worker(['./worker.ts', '--queues', 'mail,reports'])
  const job = ['enqueue', 'score', '{"texts":[]}']
  expect((await lovage([...job, '--queue', 'reports', '--wait'])).code).toBe(0)
  const id = (await lovage(job)).stdout.trim()
  expect((await lovage([...job, '--queue', 'mail', '--wait'])).code).toBe(0)
  expect(JSON.parse((await lovage(['get', id, '--json'])).stdout)).toMatchObject({ state: 'queued' })
})

test('enums and the paths of a tsconfig.json work on every Node', async ({ project, worker, lovage }) => {
  const cwd = await project({
    'tsconfig.json': '{ "compilerOptions": { "paths": { "~/*": ["./*"] } } }',
    'mood.ts': 'export enum Mood { good = "good" }',
    'worker.ts': `import { defineTasks, task } from '@lovage/core'
      import { createWorker } from '@lovage/worker'
      import { Mood } from '~/mood.ts'
      import { z } from 'zod'
      const tasks = defineTasks({ ask: task({ output: z.enum(Mood) }) })
      export const worker = createWorker({ tasks, handlers: { ask: () => Mood.good } })`,
  })
  await worker(['./worker.ts'], { cwd })
  expect((await lovage(['enqueue', 'ask', '--wait'])).stdout).toBe('"good"\n')
})

test('SIGTERM lets the running job end, settles it, and ends the process with 0', async ({
  worker,
  lovage,
  start,
}) => {
  const running = await worker()
  const notices = start(['notices', '--follow', '--json'])
  await notices.until('stdout', /"type":"ready"/)
  const id = (await lovage(['enqueue', 'outlive'])).stdout.trim()
  await notices.until('stdout', /"type":"started"/)
  running.child.kill('SIGTERM')
  expect(await running.ended()).toMatchObject({ code: 0, stderr: '' })
  expect(await lovage(['result', id])).toMatchObject({ code: 0, stdout: '"ended in order"\n' })
})

test('what a module leaves open does not keep the process', async ({ project, worker }) => {
  const cwd = await project({
    'worker.ts': `setInterval(() => {}, 1_000)\n${onlyPing}`,
    'answer.ts': answer(''),
  })
  const running = await worker(['./worker.ts'], { cwd })
  running.child.kill('SIGTERM')
  expect((await running.ended()).code).toBe(0)
})

test('a configuration fills in what the module leaves out, and only that', async ({
  project,
  worker,
  lovage,
  url,
}) => {
  const cwd = await project({
    'lovage.config.mjs': `export default { redis: '${url}', namespace: 'from-the-configuration' }`,
    'worker.ts': onlyPing,
    'answer.ts': answer('here'),
  })
  const env = { REDIS_URL: '' }
  // The fixture adds --namespace, which goes first; the address comes from the file.
  await worker(['./worker.ts'], { cwd, env })
  expect(await lovage(['enqueue', 'ping', '--wait'])).toMatchObject({ code: 0 })
})

test.for([
  ['./missing.ts', 'There is no worker module at'],
  ['./tasks.ts', 'makes no worker and exports none'],
  ['./broken.ts', './broken.ts cannot be loaded: the model is missing'],
  ['./mismatch.ts', 'No handler for "ping"'],
  ['./lingering.ts', 'makes no worker and exports none'],
])(
  'a module that cannot be run is told, with exit code 2: %s',
  async ([module, told], { start, project }) => {
    const cwd = await project({
      'tasks.ts': `import { defineTasks, task } from '@lovage/core'
      export const tasks = defineTasks({ ping: task() })`,
      'broken.ts': `throw new Error('the model is missing')`,
      'lingering.ts': 'setInterval(() => {}, 1_000)',
      'mismatch.ts': `import { createWorker } from '@lovage/worker'
      import { tasks } from './tasks.ts'
      createWorker({ tasks, handlers: {} })`,
    })
    const { code, stderr } = await start(['worker', module as string], { cwd }).ended()
    expect(stderr).toContain(told)
    expect(code).toBe(2)
  },
)

test('--watch starts anew when a file changes that the worker loads, and waits while the code is broken', async ({
  project,
  start,
  lovage,
}) => {
  const cwd = await project({ 'worker.ts': onlyPing, 'answer.ts': answer('old'), 'unrelated.ts': '' })
  const watching = start(['worker', './worker.ts', '--watch'], { cwd })
  await watching.until('stdout', /Lovage worker ready/)
  expect((await lovage(['enqueue', 'ping', '--wait'])).stdout).toBe('"old"\n')

  await writeFile(join(cwd, 'unrelated.ts'), 'export {}')
  await writeFile(join(cwd, 'answer.ts'), answer('new'))
  await watching.until('stdout', /Lovage worker ready/, 2)
  expect((await lovage(['enqueue', 'ping', '--wait'])).stdout).toBe('"new"\n')
  expect(watching.stderr).toBe('lovage: answer.ts has changed; the worker starts anew\n')

  await writeFile(join(cwd, 'answer.ts'), 'export const answer =')
  await watching.until('stderr', /the worker has ended \(exit code 2\); it starts again when a file changes/)
  await writeFile(join(cwd, 'answer.ts'), answer('mended'))
  await watching.until('stdout', /Lovage worker ready/, 3)
  expect((await lovage(['enqueue', 'ping', '--wait'])).stdout).toBe('"mended"\n')

  watching.child.kill('SIGTERM')
  expect((await watching.ended()).code).toBe(0)
})

test('--watch hands a running job back, and it starts again with the new code', async ({
  project,
  start,
  lovage,
}) => {
  const cwd = await project({
    'worker.ts': onlyPing,
    'answer.ts': 'export const answer = new Promise(() => {})',
  })
  const watching = start(['worker', './worker.ts', '--watch', '--drain-timeout', '1ms'], { cwd })
  await watching.until('stdout', /Lovage worker ready/)
  const id = (await lovage(['enqueue', 'ping'])).stdout.trim()
  await watching.until('stdout', /Task ping\[.*\] received/)
  await writeFile(join(cwd, 'answer.ts'), answer('new'))
  expect((await lovage(['result', id, '--wait'])).stdout).toBe('"new"\n')
})

test('--watch sees the configuration as well', async ({ project, start }) => {
  const config = (namespace: string): string =>
    `export default { namespace: '${namespace}' } as { namespace: string }`
  const files = { 'worker.ts': onlyPing, 'answer.ts': answer('old'), 'lovage.config.ts': config('one') }
  const cwd = await project(files)
  const watching = start(['worker', './worker.ts', '--watch'], { cwd })
  await watching.until('stdout', /Lovage worker ready/)
  await writeFile(join(cwd, 'answer.ts'), answer('new'))
  await watching.until('stdout', /Lovage worker ready/, 2)
  await writeFile(join(cwd, 'lovage.config.ts'), config('two'))
  await watching.until('stderr', /lovage\.config\.ts has changed/)
})

test.for(['thread', 'process'] as const)(
  'handlers that run in a %s are TypeScript as well, and --watch sees what they load',
  async (isolation, { project, start, lovage }) => {
    const cwd = await project({
      'tasks.ts': `import { defineTasks, task } from '@lovage/core'
        import { z } from 'zod'
        export const tasks = defineTasks({ ping: task({ output: z.string(), isolation: '${isolation}' }) })`,
      'worker.ts': `import { createWorker, handlerModule } from '@lovage/worker'
        import { tasks } from './tasks.ts'
        const ping = handlerModule(new URL('./ping.ts', import.meta.url))
        await createWorker({ tasks, handlers: { ping } }).run()`,
      'ping.ts': `import { defineHandlers } from '@lovage/worker/handlers'
        import { answer } from './answer.ts'
        import { tasks } from './tasks.ts'
        enum Mark { end = '!' }
        export const handlers = defineHandlers(tasks, { ping: () => answer + Mark.end })`,
      'answer.ts': answer('old'),
    })
    const watching = start(['worker', './worker.ts', '--watch'], { cwd })
    await watching.until('stdout', /Lovage worker ready/)
    expect(await lovage(['enqueue', 'ping', '--wait'])).toMatchObject({ code: 0, stdout: '"old!"\n' })
    await writeFile(join(cwd, 'answer.ts'), answer('new'))
    await watching.until('stdout', /Lovage worker ready/, 2)
    expect(await lovage(['enqueue', 'ping', '--wait'])).toMatchObject({ code: 0, stdout: '"new!"\n' })
  },
)

test('no worker is left behind by a --watch that was killed', async ({ project, start }) => {
  const cwd = await project({ 'worker.ts': onlyPing, 'answer.ts': answer('old') })
  const watching = start(['worker', './worker.ts', '--watch'], { cwd })
  await watching.until('stdout', /Lovage worker ready/)
  watching.child.kill('SIGKILL')
  // The worker has the same stdout: `ended` waits for it, too.
  expect((await watching.ended()).stdout).toContain('The worker has stopped')
})

const answer = (text: string): string => `export const answer: string = '${text}'`

const onlyPing = `import { defineTasks, task } from '@lovage/core'
  import { createWorker } from '@lovage/worker'
  import { z } from 'zod'
  import { answer } from './answer.ts'
  const tasks = defineTasks({ ping: task({ output: z.string() }) })
  await createWorker({ tasks, handlers: { ping: () => answer } }).run()`
