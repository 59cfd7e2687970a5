/**
 * What do the types cost? Generates a contract of 200 tasks with its handlers, router and clients, and has the compiler
 * check it. The same schemas without Lovage are the floor, since zod has its own price: what it instantiates is not
 * counted, what it takes of the time is.
 *
 *   npm run bench -- --only types
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Figure, Question } from './kit/question.ts'

const TASKS = 200
const NAMESPACES = 10

const bench = join(import.meta.dirname, '..')
const folder = join(bench, 'generated')

const indexes = Array.from({ length: TASKS }, (_, i) => i)
const path = (i: number): string => `ns${i % NAMESPACES}.task${i}`

const input = (i: number): string =>
  `z.object({ id: z.string(), count: z.number().default(${i}), tags: z.array(z.string()), kind: z.enum(['a', 'b', 'k${i}']) })`
const output = (i: number): string =>
  `z.object({ ok: z.boolean(), items: z.array(z.object({ key: z.literal('k${i}'), at: z.date() })) })`
const progress = 'z.object({ done: z.number(), total: z.number() })'

const tree = (entry: (i: number) => string): string =>
  Array.from({ length: NAMESPACES }, (_, ns) => {
    const members = indexes.filter((i) => i % NAMESPACES === ns).map((i) => `    task${i}: ${entry(i)},`)
    return `  ns${ns}: {\n${members.join('\n')}\n  },`
  }).join('\n')

const files: Record<string, string> = {
  'floor.ts': `import { z } from 'zod'
export const schemas = {
${tree((i) => `{ input: ${input(i)}, output: ${output(i)}, progress: ${progress} }`)}
}`,
  'tasks.ts': `import { defineTasks, task } from '@lovage/core'
import { z } from 'zod'
export const tasks = defineTasks({
${tree((i) => `task({ input: ${input(i)}, output: ${output(i)}, progress: ${progress} })`)}
})`,
  'handlers.ts': `import type { Handlers } from '@lovage/core'
import type { tasks } from './tasks.ts'
export const handlers: Handlers<typeof tasks> = {
${tree((i) => `(input, { progress }) => { progress({ done: input.count, total: 1 }); return { ok: true, items: [{ key: 'k${i}' as const, at: new Date() }] } }`)}
}`,
  'server.ts': `import { type Queue } from '@lovage/core'
import { jobsRouter } from '@lovage/server'
import { initTRPC } from '@trpc/server'
import superjson from 'superjson'
import type { tasks } from './tasks.ts'
declare const queue: Queue<typeof tasks>
const t = initTRPC.context<{ user: string }>().create({ transformer: superjson })
export const appRouter = t.router({ jobs: jobsRouter({ t, queue, procedure: t.procedure, owner: ({ ctx }) => ctx.user }) })
export type AppRouter = typeof appRouter`,
  'client.ts': `import { createJobsClient } from '@lovage/client'
import { createTRPCClient } from '@trpc/client'
import type { AppRouter } from './server.ts'
const { jobs } = createJobsClient<AppRouter>({ url: 'http://localhost' })
const bare = createTRPCClient<AppRouter>({ links: [] })
export async function use(): Promise<void> {
${indexes
  .filter((i) => i % 10 === 0)
  .map(
    (i) => `  {
    const job = await jobs.${path(i)}.enqueue({ id: 'x', tags: [], kind: 'k${i}' })
    const key: 'k${i}' | undefined = (await job.result()).items[0]?.key
    for await (const notice of job) if (notice.type === 'progress') void notice.data.done
    const ticket = await bare.jobs.${path(i)}.enqueue.mutate({ input: { id: 'x', tags: [], kind: 'a' } })
    void [key, ticket.id]
  }`,
  )
  .join('\n')}
  for await (const notice of jobs.notices()) {
    if (notice.type === 'succeeded' && notice.task === 'ns7.task7') void notice.result.items[0]?.key.length
  }
}`,
}

/**
 * Asks the compiler what it costs to check a file and all that it imports. It shares the files out among several
 * checkers, and each instantiates anew what it meets: so what types cost is counted with one of them, and the time is
 * taken both ways, since the four of its default help where there are four cores.
 */
function check(file: string, asked: 'Instantiations' | 'Check time', checkers?: 1): number {
  const config = {
    extends: '../../tsconfig.base.json',
    compilerOptions: { composite: false, noEmit: true },
    files: [file],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
  const args = [
    tsc,
    '-p',
    folder,
    '--extendedDiagnostics',
    ...(checkers ? ['--checkers', `${checkers}`] : []),
  ]
  const text = execFileSync(process.execPath, args, { encoding: 'utf8' })
  return Number(new RegExp(`${asked}:\\s+([\\d.]+)`).exec(text)?.[1])
}

const part = (figure: string, what: string): Record<string, Figure> => {
  return { [`types-${figure}`]: { what: `${what}, instantiations`, unit: 'a task', better: 'less' } }
}

/** Each part includes those that it imports. */
const PARTS = {
  'types-definitions': 'tasks.ts',
  'types-handlers': 'handlers.ts',
  'types-router': 'server.ts',
  'types-clients': 'client.ts',
}

function generated<Value>(act: () => Value): Value {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), `${text}\n`)
    return act()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const times = (file: string): Record<string, number> => ({
  'types-seconds': check(file, 'Check time'),
  'types-seconds-one': check(file, 'Check time', 1),
})

function lovage(): Record<string, number> {
  const floor = check('floor.ts', 'Instantiations', 1)
  return {
    ...Object.fromEntries(
      Object.entries(PARTS).map(([figure, file]) => [
        figure,
        (check(file, 'Instantiations', 1) - floor) / TASKS,
      ]),
    ),
    ...times(PARTS['types-clients']),
  }
}

export const question: Question = {
  name: 'types',
  asks: `What ${TASKS} tasks in ${NAMESPACES} namespaces cost the compiler, each with three schemas.`,
  measures: [
    {
      figures: {
        ...part('definitions', 'definitions'),
        ...part('handlers', 'definitions and handlers'),
        ...part('router', 'definitions and router'),
        ...part('clients', 'definitions, router and both kinds of client'),
        'types-seconds': { what: 'the last: check time, by default', unit: 's', better: 'less' },
        'types-seconds-one': { what: 'the last: check time, one checker', unit: 's', better: 'less' },
      },
      contestants: {
        lovage: () => Promise.resolve(generated(lovage)),
        floor: () => Promise.resolve(generated(() => times('floor.ts'))),
      },
      isSlow: true,
    },
  ],
}
