/** What the compiler says about handlers. */
import { type AbortReason, defineTasks, task } from '@lovage/core'
import { createWorker, handlerModule, type Worker, type WorkerEvents } from '@lovage/worker'
import { defineHandlers } from '@lovage/worker/handlers'
import { expectTypeOf } from 'vitest'
import { z } from 'zod'
import { tasks } from './tasks.ts'

const handlers = {
  greet: ({ name }: { name: string }) => name,
  touch: () => {},
  climb: () => 'up',
  mail: { send: () => {} },
}

// All of them fit, and the worker needs no type argument.
expectTypeOf(createWorker({ tasks, handlers })).toEqualTypeOf<Worker>()

// A handler gets what the schema makes of the input, and a context typed by its task.
createWorker({
  tasks,
  handlers: {
    ...handlers,
    greet(input, { job, signal }) {
      expectTypeOf(input).toEqualTypeOf<{ name: string }>()
      expectTypeOf(job.attempt).toEqualTypeOf<number>()
      expectTypeOf(job.owner).toEqualTypeOf<string | null>()
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
      return input.name
    },
    touch(input, { progress }) {
      expectTypeOf(input).toEqualTypeOf<number | undefined>()
      // @ts-expect-error This task reports nothing.
      progress(1)
    },
    async climb(input, { progress }) {
      expectTypeOf(input).toEqualTypeOf<undefined>()
      progress({ step: 1 })
      // @ts-expect-error A step is a number.
      progress({ step: 'one' })
      return 'up'
    },
    mail: {
      // In a nested tree no less.
      send(input, { job }) {
        expectTypeOf(input).toEqualTypeOf<string>()
        expectTypeOf(job.id).toEqualTypeOf<string>()
      },
    },
  },
})

// @ts-expect-error `handlers` is missing.
createWorker({ tasks })

// @ts-expect-error The handler of `climb` is missing.
createWorker({ tasks, handlers: { greet: handlers.greet, touch: handlers.touch, mail: handlers.mail } })

// @ts-expect-error The handler of `mail.send` is missing.
createWorker({ tasks, handlers: { ...handlers, mail: {} } })

// @ts-expect-error There is no task `scored`.
createWorker({ tasks, handlers: { ...handlers, scored: () => {} } })

// @ts-expect-error There is no task `mail.stamp`.
createWorker({ tasks, handlers: { ...handlers, mail: { send: () => {}, stamp: () => {} } } })

// @ts-expect-error `climb` must return a text.
createWorker({ tasks, handlers: { ...handlers, climb: () => 7 } })

// @ts-expect-error `climb` must return something.
createWorker({ tasks, handlers: { ...handlers, climb: () => {} } })

// @ts-expect-error `greet` gets an object.
createWorker({ tasks, handlers: { ...handlers, greet: (name: string) => name } })

// A task that brings its handler along needs none, and another one must fit.
const own = defineTasks({ double: task({ input: z.number(), output: z.number(), run: (n) => n * 2 }) })
createWorker({ tasks: own, handlers: {} })
createWorker({ tasks: own, handlers: { double: (n) => n + n } })
// @ts-expect-error `double` must return a number.
createWorker({ tasks: own, handlers: { double: (n) => String(n) } })

// Undefined is as good as absent, so that an environment variable can be passed.
createWorker({
  tasks,
  handlers,
  redis: process.env['REDIS_URL'],
  namespace: undefined,
  concurrency: undefined,
})
// @ts-expect-error There is no such level.
createWorker({ tasks, handlers, logLevel: 'loud' })

// Events are typed by their name.
const worker = createWorker({ tasks, handlers })
worker.on('job.failed', (event) => {
  expectTypeOf(event).toEqualTypeOf<WorkerEvents['job.failed']>()
  expectTypeOf(event.error.stack).toEqualTypeOf<string | undefined>()
})
// @ts-expect-error There is no such event.
worker.on('job.vanished', () => {})

expectTypeOf<AbortReason['type']>().toEqualTypeOf<'cancelled' | 'time_limit' | 'shutdown' | 'lease_lost'>()

// A module may stand for a handler, for a branch of them, and for one that a task brings along.
const module = handlerModule(new URL('./handlers.ts', import.meta.url), { size: 2, maxAge: '1h' })
createWorker({ tasks, handlers: { ...handlers, greet: module, mail: module } })
createWorker({ tasks: own, handlers: { double: module } })
// @ts-expect-error There is no task `scored`.
createWorker({ tasks, handlers: { ...handlers, scored: module } })
// @ts-expect-error There is no such option.
handlerModule(new URL('./handlers.ts', import.meta.url), { threads: 2 })

// A module defines some of the handlers, which are typed as everywhere.
defineHandlers(tasks, {})
defineHandlers(tasks, {
  greet(input, { signal }) {
    expectTypeOf(input).toEqualTypeOf<{ name: string }>()
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
    return input.name
  },
  mail: { send: (to) => void expectTypeOf(to).toEqualTypeOf<string>() },
})
// @ts-expect-error `climb` must return a text.
defineHandlers(tasks, { climb: () => 7 })
// @ts-expect-error There is no task `scored`.
defineHandlers(tasks, { scored: () => {} })
