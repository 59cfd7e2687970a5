import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import type { JobContext } from './handler.ts'
import { isRunnable, type RunnableTask, type Task, task, type TaskTypes } from './task.ts'

type TypesIn<T> = T extends Task<infer Types> ? Types : never

test('a definition without schemas takes nothing, gives nothing and reports nothing', () => {
  const plain = task()
  type T = TypesIn<typeof plain>
  expectTypeOf<T['input']>().toEqualTypeOf<undefined>()
  expectTypeOf<T['parsed']>().toEqualTypeOf<undefined>()
  expectTypeOf<T['returns']>().toEqualTypeOf<void>()
  expectTypeOf<T['output']>().toEqualTypeOf<undefined>()
  expectTypeOf<T['reports']>().toEqualTypeOf<never>()
  expectTypeOf<T['progress']>().toEqualTypeOf<never>()
  expectTypeOf<T['name']>().toEqualTypeOf<undefined>()
  expectTypeOf(plain).not.toHaveProperty('run')
})

test('each schema has two faces: what its user writes and what comes out of parsing', () => {
  const rich = task({
    input: z.object({
      at: z.string().transform((text) => new Date(text)),
      name: z.string().default('Bob'),
      n: z.coerce.number<string>(),
    }),
    output: z.object({ total: z.number().transform(String), note: z.string().optional() }),
    progress: z.number().transform((share) => ({ percent: share * 100 })),
  })
  type T = TypesIn<typeof rich>
  expectTypeOf<T['input']>().toEqualTypeOf<{ at: string; name?: string | undefined; n: string }>()
  expectTypeOf<T['parsed']>().toEqualTypeOf<{ at: Date; name: string; n: number }>()
  expectTypeOf<T['returns']>().toEqualTypeOf<{ total: number; note?: string | undefined }>()
  expectTypeOf<T['output']>().toEqualTypeOf<{ total: string; note?: string | undefined }>()
  expectTypeOf<T['reports']>().toEqualTypeOf<number>()
  expectTypeOf<T['progress']>().toEqualTypeOf<{ percent: number }>()
})

test('a default of the whole input makes it optional', () => {
  const hello = task({ input: z.string().default('Bob'), output: z.string(), run: (name) => `Hello ${name}` })
  expectTypeOf<TypesIn<typeof hello>['input']>().toEqualTypeOf<string | undefined>()
  expectTypeOf<TypesIn<typeof hello>['parsed']>().toEqualTypeOf<string>()
  expectTypeOf(hello.run).parameter(0).toEqualTypeOf<string | undefined>()
  expectTypeOf(hello.run()).toEqualTypeOf<Promise<string>>()
})

test('a name of its own is known by its letters', () => {
  expectTypeOf<TypesIn<ReturnType<typeof named>>['name']>().toEqualTypeOf<'mail.send'>()
  const named = () => task({ name: 'mail.send' })
})

test('run gives the handler the parsed input, and asks for what the output schema takes', () => {
  task({
    input: z.object({ at: z.string().transform((text) => new Date(text)) }),
    output: z.number().transform(String),
    progress: z.object({ done: z.number().default(0) }),
    run: (input, context) => {
      expectTypeOf(input).toEqualTypeOf<{ at: Date }>()
      expectTypeOf(context.progress).parameter(0).toEqualTypeOf<{ done?: number | undefined }>()
      expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>()
      return input.at.getTime()
    },
  })
  // @ts-expect-error the output schema takes a number, not text
  task({ output: z.number(), run: () => 'seven' })
  // @ts-expect-error an output that was promised must be returned
  task({ output: z.number(), run: () => {} })
  // @ts-expect-error nothing can be reported where no progress was declared
  task({ run: (_, { progress }) => progress(0.5) })
})

test('a runnable task is called directly with its input, and with nothing where it takes nothing', () => {
  const score = task({
    input: z.object({ text: z.string() }),
    output: z.number(),
    run: ({ text }) => text.length,
  })
  expectTypeOf(score).toExtend<RunnableTask>()
  expectTypeOf(score.run({ text: 'a' })).toEqualTypeOf<Promise<number>>()
  // @ts-expect-error the input is missing
  void score.run()
  // @ts-expect-error the input is of another type
  void score.run({ text: 1 })
  const plain = task({ run: () => {} })
  expectTypeOf(plain.run()).toEqualTypeOf<Promise<undefined>>()
  // @ts-expect-error it takes nothing
  void plain.run('something')
})

test('options that cannot be do not compile', () => {
  // @ts-expect-error there is no such unit
  task({ timeLimit: '5 parsecs' })
  // @ts-expect-error there is no such backoff
  task({ retry: { backoff: 'linear' } })
  // @ts-expect-error `progress` notices cannot be asked for: they are always written
  task({ notices: ['progress'] })
  // @ts-expect-error an option that does not exist
  task({ retries: 3 })
  // @ts-expect-error a schema is needed, not a type name
  task({ input: 'string' })
})

test('isRunnable narrows', () => {
  const any = task() as Task
  if (isRunnable(any)) expectTypeOf(any.handler).parameter(1).toExtend<JobContext>()
  expectTypeOf<Task>().not.toHaveProperty('run')
  expectTypeOf<TaskTypes['input']>().toBeUnknown()
})
