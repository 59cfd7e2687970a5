import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import type { Handlers, JobContext } from './handler.ts'
import type { AbortReason } from './signals.ts'
import { task } from './task.ts'
import { defineTasks } from './tasks.ts'

const tasks = defineTasks({
  score: task({
    input: z.object({ text: z.string().default('') }),
    output: z.object({ score: z.number().transform(String) }),
    progress: z.object({ done: z.number() }),
  }),
  mail: { send: task({ input: z.string().transform((text) => text.length) }), ping: task() },
  hello: task({ input: z.string(), output: z.string(), run: (name) => `Hello ${name}` }),
  deep: { inline: task({ run: () => {} }) },
})

type H = Handlers<typeof tasks>
const handlersFor = (handlers: H): H => handlers

const score = () => ({ score: 1 })
const mail = { send: () => {}, ping: () => {} }

test('one handler for each task, in the same nesting; those that run themselves may be left out', () => {
  handlersFor({ score, mail })
  handlersFor({ score, mail, deep: {} })
  handlersFor({ score, mail, deep: { inline: () => {} }, hello: (name) => `Hi ${name}` })
  handlersFor({
    score: async () => ({ score: 1 }),
    mail: { send: async () => {}, ping: async () => {} },
  })
})

test('a handler gets the parsed input and a context of its own task', () => {
  handlersFor({
    score(input, context) {
      expectTypeOf(input).toEqualTypeOf<{ text: string }>()
      expectTypeOf(context.progress).parameter(0).toEqualTypeOf<{ done: number }>()
      expectTypeOf(context.job.attempt).toEqualTypeOf<number>()
      expectTypeOf(context.job.owner).toEqualTypeOf<string | null>()
      return { score: input.text.length }
    },
    mail: {
      send(input) {
        expectTypeOf(input).toEqualTypeOf<number>()
      },
      ping(input) {
        expectTypeOf(input).toEqualTypeOf<undefined>()
      },
    },
  })
})

test('a handler that is missing does not compile, at any depth', () => {
  // @ts-expect-error `score` is missing
  handlersFor({ mail })
  // @ts-expect-error `mail.ping` is missing
  handlersFor({ score, mail: { send: () => {} } })
  // @ts-expect-error `mail` is missing as a whole
  handlersFor({ score })
})

test('a handler for no task does not compile, at any depth', () => {
  // @ts-expect-error there is no task `scores`
  handlersFor({ score, mail, scores: () => {} })
  // @ts-expect-error there is no task `mail.receive`
  handlersFor({ score, mail: { ...mail, receive: () => {} } })
})

test('a handler that returns something else does not compile', () => {
  // @ts-expect-error the output schema takes a number, not text: it is what comes out that is text
  handlersFor({ score: () => ({ score: 'high' }), mail })
  // @ts-expect-error the output is missing
  handlersFor({ score: () => {}, mail })
  // @ts-expect-error the output of one that runs itself counts as well
  handlersFor({ score, mail, hello: () => 7 })
  // @ts-expect-error at any depth
  handlersFor({ score, mail, deep: { inline: 7 } })
})

test('a handler that wants another input does not compile', () => {
  // @ts-expect-error it gets an object with a text
  handlersFor({ score: (input: { text: number }) => ({ score: input.text }), mail })
})

test('a handler cannot report what its task does not declare', () => {
  type Reports = Parameters<
    JobContext<{
      name: 'a'
      input: 1
      parsed: 1
      returns: 1
      output: 1
      reports: never
      progress: never
    }>['progress']
  >
  expectTypeOf<Reports>().toEqualTypeOf<[report: never]>()
})

test('the reason of an aborted attempt is one of four', () => {
  expectTypeOf<AbortReason['type']>().toEqualTypeOf<'cancelled' | 'time_limit' | 'shutdown' | 'lease_lost'>()
  const reason = {} as AbortReason
  if (reason.type === 'cancelled') expectTypeOf(reason.by).toEqualTypeOf<string | null>()
  if (reason.type === 'time_limit') expectTypeOf(reason.timeLimitMs).toEqualTypeOf<number>()
})
