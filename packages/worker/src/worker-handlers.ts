/** What a worker takes as the handlers of its tasks. */
import type { HandlerOf, RunnableTask, Task } from '@lovage/core'
import type { HandlerModule } from './handler-module.ts'

/** Core's `Handlers`, where a module may stand for one handler or for a whole branch of them. */
export type WorkerHandlers<Tree> = {
  [K in keyof Tree as Tree[K] extends RunnableTask<never> | RunnableTask ? never : K]: Tree[K] extends Task<
    infer T
  >
    ? HandlerOf<T> | HandlerModule
    : WorkerHandlers<Tree[K]> | HandlerModule
} & {
  [K in keyof Tree as Tree[K] extends RunnableTask<never> | RunnableTask ? K : never]?: Tree[K] extends Task<
    infer T
  >
    ? HandlerOf<T> | HandlerModule
    : never
}
