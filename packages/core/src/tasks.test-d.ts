import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { task } from './task.ts'
import { defineTasks, type Named, type TasksOf } from './tasks.ts'

const tasks = defineTasks({
  score: task({ input: z.object({ text: z.string() }), output: z.number() }),
  mail: {
    send: task({ input: z.string(), progress: z.number() }),
    lists: { clean: task({ name: 'legacy.clean' }) },
  },
})

type All = TasksOf<typeof tasks>

test('the tasks of a tree are a union, by the names that they have on the wire', () => {
  expectTypeOf<All['name']>().toEqualTypeOf<'score' | 'mail.send' | 'legacy.clean'>()
  expectTypeOf<Extract<All, { name: 'score' }>['types']['output']>().toEqualTypeOf<number>()
  expectTypeOf<Extract<All, { name: 'mail.send' }>['types']['input']>().toEqualTypeOf<string>()
  expectTypeOf<Extract<All, { name: 'mail.send' }>['types']['progress']>().toEqualTypeOf<number>()
  expectTypeOf<All>().toExtend<Named>()
})

test('the tree keeps its shape', () => {
  expectTypeOf(tasks.mail).toHaveProperty('lists')
  // @ts-expect-error there is no such task
  void tasks.mail.receive
})

test('a reserved key is refused, at any depth, with a sentence that helps', () => {
  // @ts-expect-error `get` is a call of the queue
  defineTasks({ get: task() })
  // @ts-expect-error `then` would make an object thenable
  defineTasks({ mail: { then: task() } })
  // @ts-expect-error a namespace cannot have that name either
  defineTasks({ cancel: { all: task() } })
  expectTypeOf(defineTasks<{ get: ReturnType<typeof plain> }>)
    .parameter(0)
    .toExtend<{ get: `The name "get" is reserved; ${string}` }>()
  const plain = () => task()
})

test('what is no task is refused', () => {
  // @ts-expect-error a schema is no task
  defineTasks({ score: z.string() })
  // @ts-expect-error a function is no task: write task({ run })
  defineTasks({ score: () => 1 })
})
