/** Brings each task and its handler together. The compiler has checked the pairs already; JavaScript has not. */
import { type AnyTask, type BoundTask, isRunnable, isTask, type TaskTree } from '@lovage/core'

/**
 * All tasks of the tree by name, each with the function that runs it: the handler, else the task's own `run`.
 *
 * @throws TypeError naming every task without a handler, every handler without a task, and whatever is no function.
 */
export function bindHandlers(tasks: TaskTree, handlers: unknown): ReadonlyMap<string, BoundTask> {
  const bound = new Map<string, BoundTask>()
  const mistakes: Mistakes = { missing: [], surplus: [], wrong: [] }
  bindTree(tasks, handlers, '', bound, mistakes)
  const sentences = [
    mistakes.missing.length > 0 && `No handler for ${list(mistakes.missing)}.`,
    mistakes.surplus.length > 0 && `No task for the handlers ${list(mistakes.surplus)}.`,
    mistakes.wrong.length > 0 && `Not what was expected: ${mistakes.wrong.join('; ')}.`,
  ].filter((sentence) => sentence !== false)
  if (sentences.length > 0) throw new TypeError(sentences.join(' '))
  if (bound.size === 0) throw new TypeError('There is no task in `tasks`: a worker needs at least one.')
  return bound
}

interface Mistakes {
  missing: string[]
  surplus: string[]
  wrong: string[]
}

function bindTree(
  tree: TaskTree,
  handlers: unknown,
  prefix: string,
  bound: Map<string, BoundTask>,
  mistakes: Mistakes,
): void {
  if (handlers !== undefined && (typeof handlers !== 'object' || handlers === null)) {
    mistakes.wrong.push(
      `${prefix === '' ? 'handlers' : prefix.slice(0, -1)} is ${kind(handlers)}, not an object of handlers`,
    )
    return
  }
  const given = new Map(Object.entries(handlers ?? {}))
  for (const [key, entry] of Object.entries(tree)) {
    const path = prefix + key
    const handler: unknown = given.get(key)
    given.delete(key)
    if (isTask(entry)) bindTask(entry, path, handler, bound, mistakes)
    else bindTree(entry, handler, `${path}.`, bound, mistakes)
  }
  for (const [key, handler] of given) if (handler !== undefined) mistakes.surplus.push(prefix + key)
}

function bindTask(
  task: AnyTask,
  path: string,
  handler: unknown,
  bound: Map<string, BoundTask>,
  mistakes: Mistakes,
): void {
  if (typeof task.name !== 'string') {
    mistakes.wrong.push(`${path} has no name, because the tree did not go through defineTasks()`)
  } else if (handler !== undefined && typeof handler !== 'function') {
    mistakes.wrong.push(`the handler of ${path} is ${kind(handler)}, not a function`)
  } else if (handler !== undefined) {
    bound.set(task.name, { task, handler: handler as BoundTask['handler'] })
  } else if (isRunnable(task)) {
    bound.set(task.name, { task, handler: task.handler })
  } else {
    mistakes.missing.push(path)
  }
}

const kind = (value: unknown): string => (value === null ? 'null' : `a value of type ${typeof value}`)

const list = (paths: readonly string[]): string => paths.map((path) => `"${path}"`).join(', ')
