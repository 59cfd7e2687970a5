// A consumer's notices are typed by the tasks and types that it asks for.
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import type { ConsumedOf } from './consumer.ts'
import type { Queue } from './queue.ts'
import { defineTasks, type Named } from './tasks.ts'
import { task } from './task.ts'

const tasks = defineTasks({
  invoice: task({ output: z.object({ total: z.number() }), progress: z.number() }),
  mail: { send: task({ name: 'send-mail', output: z.string() }) },
})

declare const queue: Queue<typeof tasks>

type Of<Loop> = Loop extends AsyncGenerator<infer N, void, undefined> ? N : never

test('of all tasks, where none are named, discriminated by task and type', () => {
  const loop = queue.consume('mailer')
  type N = Of<typeof loop>
  expectTypeOf<Extract<N, { task: 'invoice'; type: 'succeeded' }>['result']>().toEqualTypeOf<{
    total: number
  }>()
  expectTypeOf<Extract<N, { task: 'send-mail'; type: 'succeeded' }>['result']>().toEqualTypeOf<string>()
  expectTypeOf<Extract<N, { type: 'gap' }>['missed']>().toEqualTypeOf<number>()
  expectTypeOf<N['deliveries']>().toEqualTypeOf<number>()
  expectTypeOf<Awaited<ReturnType<N['ack']>>>().toEqualTypeOf<{ outcome: 'acked' | 'late' }>()
  expectTypeOf<Extract<N, { type: 'ready' }>>().toEqualTypeOf<never>()
})

test('of the tasks and types that were named, and of nothing else but a gap', () => {
  const loop = queue.consume('mailer', { tasks: ['invoice'], types: ['succeeded', 'failed'] })
  type N = Of<typeof loop>
  expectTypeOf<N['type']>().toEqualTypeOf<'succeeded' | 'failed' | 'gap'>()
  expectTypeOf<Extract<N, { type: 'succeeded' }>['task']>().toEqualTypeOf<'invoice'>()
  expectTypeOf<Extract<N, { type: 'succeeded' }>['result']>().toEqualTypeOf<{ total: number }>()
})

test('a task or a type that there is not is refused', () => {
  // @ts-expect-error there is no such task
  void queue.consume('mailer', { tasks: ['invoices'] })
  // @ts-expect-error there is no such type
  void queue.consume('mailer', { types: ['done'] })
})

test('without knowing the tasks, of anything', () => {
  expectTypeOf<ConsumedOf<Named>['deliveries']>().toEqualTypeOf<number>()
})
