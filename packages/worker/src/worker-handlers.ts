/** What a worker takes as the handlers of its tasks. */
import type { HandlerOf, RunsItself, Task } from '@lovage/core'
import type { HandlerModule } from './handler-module.ts'

/** Core's `Handlers`, where a module may stand for one handler or for a whole branch of them. */
export type WorkerHandlers<Tree> = {
  [K in keyof Tree as Tree[K] extends RunsItself ? never : K]: HandlersAt<Tree[K]> | HandlerModule
} & {
  [K in keyof Tree as Tree[K] extends RunsItself ? K : never]?: HandlersAt<Tree[K]> | HandlerModule
}

type HandlersAt<Entry> = Entry extends Task<infer T> ? HandlerOf<T> : WorkerHandlers<Entry>
