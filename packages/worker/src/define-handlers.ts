/** Handlers together with their tasks, as a module of their own exports them. */
import type { AnyTask, BoundTask, HandlerOf, Task, TaskTree } from '@lovage/core'
import { bindHandlers } from './bind-handlers.ts'

/** Handlers for some of the tasks of a tree, in the same nesting. */
export type SomeHandlers<Tree> = {
  [K in keyof Tree]?: Tree[K] extends AnyTask
    ? Tree[K] extends Task<infer T>
      ? HandlerOf<T>
      : never
    : SomeHandlers<Tree[K]>
}

/** What a handler module must export as `handlers`. */
export interface DefinedHandlers {
  readonly kind: 'handlers'
  readonly bound: ReadonlyMap<string, BoundTask>
}

/**
 * Brings handlers and their tasks together, for a module that `handlerModule` names. Tasks of the tree that others
 * handle may be left out.
 *
 * @example export const handlers = defineHandlers(tasks, { score: ({ texts }, { signal }) => … })
 * @throws TypeError naming every handler without a task, and whatever is no function
 */
export function defineHandlers<const Tree extends TaskTree>(
  tasks: Tree,
  handlers: SomeHandlers<NoInfer<Tree>>,
): DefinedHandlers {
  return { kind: 'handlers', bound: bindHandlers(tasks, handlers) }
}
