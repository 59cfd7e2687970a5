/** A tree of tasks: the contract that API, worker and client share. */
import { type AnyTask, type Task, type TaskTypes, withName } from './task.ts'

export interface TaskTree {
  readonly [key: string]: AnyTask | TaskTree
}

/**
 * Words that mean something beside task names: the calls of a queue, a router and a client, and what JavaScript
 * and tRPC reserve (`then` would make an object thenable).
 */
export const RESERVED = [
  'ack',
  'apply',
  'attach',
  'call',
  'cancel',
  'cancelMany',
  'catch',
  'close',
  'consume',
  'counts',
  'deadNotices',
  'deleteGroup',
  'depths',
  'enqueue',
  'enqueueFlow',
  'enqueueMany',
  'failed',
  'finally',
  'get',
  'groups',
  'inspect',
  'last',
  'limit',
  'list',
  'notices',
  'on',
  'pause',
  'paused',
  'purge',
  'release',
  'result',
  'resume',
  'retry',
  'schedules',
  'step',
  'then',
  'toJSON',
] as const

type Reserved = (typeof RESERVED)[number]

/** The compiler's sentence for a key that cannot be used. */
type Refused<Key extends string> =
  `The name "${Key}" is reserved; give the task another key and set name: '${Key}' if the wire needs it.`

type Checked<Tree> = {
  [K in keyof Tree]: K extends Reserved ? Refused<K> : Tree[K] extends AnyTask ? Tree[K] : Checked<Tree[K]>
}

/**
 * Names every task by the keys that lead to it (`mail.send`), unless it has a `name` of its own.
 *
 * @throws TypeError when a key is reserved, is empty or contains a dot, or when two tasks have one name.
 */
export function defineTasks<const Tree extends TaskTree>(tree: Tree & Checked<Tree>): Tree {
  const named = nameAll(tree, '')
  const names = taskList(named).map((task) => task.name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new TypeError(`Two tasks are named "${twice}". Names must be unique in one tree.`)
  return named as Tree
}

function nameAll(tree: TaskTree, prefix: string): TaskTree {
  const named: Record<string, AnyTask | TaskTree> = {}
  for (const [key, entry] of Object.entries(tree)) {
    const path = prefix + key
    if ((RESERVED as readonly string[]).includes(key)) {
      throw new TypeError(
        `"${path}" cannot be the key of a task: "${key}" is reserved. Reserved: ${RESERVED.join(', ')}.`,
      )
    }
    if (key === '' || key.includes('.'))
      throw new TypeError(`"${path}" cannot be the key of a task: no dots, not empty.`)
    if (
      typeof (entry as { name?: unknown }).name === 'string' &&
      (entry as { name: string }).name.startsWith('~')
    )
      throw new TypeError(
        `"${path}" cannot be named "${(entry as { name: string }).name}": ~ begins names of Lovage's own.`,
      )
    if (key === '__proto__')
      throw new TypeError(`"${path}" cannot be the key of a task: it would set a prototype.`)
    named[key] = isTask(entry)
      ? Object.freeze(withName(entry, entry.name ?? path))
      : nameAll(entry, `${path}.`)
  }
  return Object.freeze(named)
}

export const isTask = (entry: AnyTask | TaskTree): entry is AnyTask =>
  (entry as { kind?: unknown }).kind === 'task'

/** A task of a tree, with its name and with the keys that lead to it. */
export interface NamedTask {
  name: string
  keys: readonly string[]
  task: AnyTask
}

/** Every task of a tree, depth first. */
export function taskList(tree: TaskTree, keys: readonly string[] = []): NamedTask[] {
  return Object.entries(tree).flatMap(([key, entry]) => {
    const path = [...keys, key]
    return isTask(entry) ? [{ name: entry.name as string, keys: path, task: entry }] : taskList(entry, path)
  })
}

/** One task's name and types, as a member of the union that `TasksOf` gives. */
export interface Named<Name extends string = string, T extends TaskTypes = TaskTypes> {
  name: Name
  types: T
}

/** The union of all tasks of a tree: `Named<'mail.send', …> | Named<'score', …>`. */
export type TasksOf<Tree, Prefix extends string = ''> = {
  [K in keyof Tree & string]: Tree[K] extends Task<infer T>
    ? Named<T['name'] extends string ? T['name'] : `${Prefix}${K}`, T>
    : TasksOf<Tree[K], `${Prefix}${K}.`>
}[keyof Tree & string]
