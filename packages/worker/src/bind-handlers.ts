/** Brings each task and its handler together. The compiler has checked the pairs already; JavaScript has not. */
import { type AnyTask, type BoundTask, isRunnable, isTask, type TaskTree } from '@lovage/core'
import { type HandlerModule, isHandlerModule } from './handler-module.ts'

/** A task whose handler is in a module of its own. */
interface ModuleTask {
  task: AnyTask
  module: HandlerModule
}

/** A task as a worker knows it. */
export type WorkerTask = BoundTask | ModuleTask

/**
 * The tasks of the tree by name, each with the function that runs it: the handler, else the task's own `run`. Tasks
 * without either are left out.
 *
 * @throws TypeError naming every handler without a task, and whatever is no function.
 */
export function bindHandlers(tasks: TaskTree, handlers: unknown): ReadonlyMap<string, BoundTask> {
  const mistakes: Mistakes = { missing: [], surplus: [], wrong: [] }
  const bound = new Map<string, BoundTask>()
  bindTree(tasks, handlers, '', mistakes, (task, name, path, handler) => {
    if (typeof handler === 'function') bound.set(name, { task, handler: handler as BoundTask['handler'] })
    else if (handler !== undefined) mistakes.wrong.push(noFunction(path, handler))
    else if (isRunnable(task)) bound.set(name, { task, handler: task.handler })
  })
  refuse({ ...mistakes, missing: [] })
  return bound
}

/**
 * All tasks of the tree by name, each with what a worker needs to run it: a function, or the module that has it.
 *
 * @throws TypeError naming every task without a handler, every handler without a task, and whatever is neither.
 */
export function bindWorker(tasks: TaskTree, handlers: unknown): ReadonlyMap<string, WorkerTask> {
  const mistakes: Mistakes = { missing: [], surplus: [], wrong: [] }
  const bound = new Map<string, WorkerTask>()
  bindTree(tasks, handlers, '', mistakes, (task, name, path, handler) => {
    if (isHandlerModule(handler)) bound.set(name, { task, module: handler })
    else if (handler !== undefined && typeof handler !== 'function')
      mistakes.wrong.push(noFunction(path, handler))
    else if (task.isolation !== 'inline' && (handler !== undefined || isRunnable(task)))
      mistakes.wrong.push(mustBeModule(path, task))
    else if (handler !== undefined) bound.set(name, { task, handler: handler as BoundTask['handler'] })
    else if (isRunnable(task)) bound.set(name, { task, handler: task.handler })
    else mistakes.missing.push(path)
  })
  refuse(mistakes)
  if (bound.size === 0) throw new TypeError('There is no task in `tasks`: a worker needs at least one.')
  return bound
}

function refuse({ missing, surplus, wrong }: Mistakes): void {
  const sentences = [
    missing.length > 0 && `No handler for ${list(missing)}.`,
    surplus.length > 0 && `No task for the handlers ${list(surplus)}.`,
    wrong.length > 0 && `Not what was expected: ${wrong.join('; ')}.`,
  ].filter((sentence) => sentence !== false)
  if (sentences.length > 0) throw new TypeError(sentences.join(' '))
}

interface Mistakes {
  missing: string[]
  surplus: string[]
  wrong: string[]
}

/** What is done with one task, its name, the keys that lead to it, and what was given as its handler. */
type Bind = (task: AnyTask, name: string, path: string, handler: unknown) => void

function bindTree(tree: TaskTree, handlers: unknown, prefix: string, mistakes: Mistakes, bind: Bind): void {
  const isBranch = isHandlerModule(handlers)
  if (handlers !== undefined && (typeof handlers !== 'object' || handlers === null)) {
    mistakes.wrong.push(
      `${prefix === '' ? 'handlers' : prefix.slice(0, -1)} is ${kind(handlers)}, not an object of handlers`,
    )
    return
  }
  const given = new Map<string, unknown>(isBranch ? [] : Object.entries(handlers ?? {}))
  for (const [key, entry] of Object.entries(tree)) {
    const path = prefix + key
    // A module for a branch is the module of everything on it.
    const handler: unknown = isBranch ? handlers : given.get(key)
    given.delete(key)
    if (!isTask(entry)) bindTree(entry, handler, `${path}.`, mistakes, bind)
    else if (typeof entry.name === 'string') bind(entry, entry.name, path, handler)
    else mistakes.wrong.push(`${path} has no name, because the tree did not go through defineTasks()`)
  }
  for (const [key, handler] of given) if (handler !== undefined) mistakes.surplus.push(prefix + key)
}

const noFunction = (path: string, handler: unknown): string =>
  `the handler of ${path} is ${kind(handler)}, not a function`

const mustBeModule = (path: string, { isolation }: AnyTask): string =>
  `${path} runs in a ${isolation} of its own, which cannot be handed a function: ` +
  "name the module that holds it by handlerModule(new URL('./…', import.meta.url))"

const kind = (value: unknown): string => (value === null ? 'null' : `a value of type ${typeof value}`)

const list = (paths: readonly string[]): string => paths.map((path) => `"${path}"`).join(', ')
