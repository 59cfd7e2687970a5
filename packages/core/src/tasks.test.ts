import { describe, expect, test } from 'vitest'
import { task } from './task.ts'
import { defineTasks, isTask, RESERVED, taskList, type TaskTree } from './tasks.ts'

/** For trees whose keys only the program knows, or that the compiler would refuse. */
const defineAny = (tree: TaskTree): TaskTree => defineTasks(tree as {})

const names = (tree: TaskTree): string[] => taskList(tree).map(({ name }) => name)

describe('defineTasks', () => {
  test('names each task by the keys that lead to it', () => {
    const tasks = defineTasks({ score: task(), mail: { send: task(), lists: { clean: task() } } })
    expect(tasks.score.name).toBe('score')
    expect(tasks.mail.send.name).toBe('mail.send')
    expect(tasks.mail.lists.clean.name).toBe('mail.lists.clean')
  })

  test('lets a task have a name of its own, dots included', () => {
    const tasks = defineTasks({ mail: { send: task({ name: 'legacy.send_mail' }), receive: task() } })
    expect(names(tasks)).toEqual(['legacy.send_mail', 'mail.receive'])
  })

  test('keeps what the tasks say and leaves the given ones as they are', () => {
    const given = task({ timeLimit: '1s', notices: ['started'] })
    const { score } = defineTasks({ score: given })
    expect(score).toEqual({ ...given, name: 'score' })
    expect(given.name).toBeUndefined()
  })

  test('names one definition in two places differently', () => {
    const shared = task()
    expect(names(defineTasks({ a: shared, b: { c: shared } }))).toEqual(['a', 'b.c'])
  })

  test('cannot be changed afterwards', () => {
    const tasks = defineTasks({ mail: { send: task() } }) as unknown as {
      mail: { send: { name: string }; more?: unknown }
    }
    expect(() => (tasks.mail.more = task())).toThrow(TypeError)
    expect(() => (tasks.mail.send.name = 'x')).toThrow(TypeError)
  })

  test.for<[string, TaskTree]>([
    ['a key and an own name', { a: task({ name: 'b' }), b: task() }],
    ['two own names', { a: task({ name: 'x' }), b: { c: task({ name: 'x' }) } }],
    ['a nested key and an own name with a dot', { a: { b: task() }, c: task({ name: 'a.b' }) }],
  ])('refuses two tasks of one name: %s', ([, tree]) => {
    expect(() => defineAny(tree)).toThrow(TypeError)
    expect(() => defineAny(tree)).toThrow(/Two tasks are named "(b|x|a\.b)"/)
  })

  test.for([...RESERVED])('refuses the key %s, which means something else, at any depth', (key) => {
    expect(() => defineAny({ [key]: task() })).toThrow(`"${key}" cannot be the key of a task`)
    expect(() => defineAny({ deep: { [key]: task() } })).toThrow(`"deep.${key}" cannot be the key`)
    expect(() => defineAny({ [key]: { a: task() } })).toThrow(TypeError)
  })

  test('allows a reserved word as the name on the wire', () => {
    expect(names(defineTasks({ fetch: task({ name: 'get' }) }))).toEqual(['get'])
  })

  test.for(['a.b', '.', '', '.a'])('refuses the key %j', (key) => {
    expect(() => defineAny({ [key]: task() })).toThrow(TypeError)
  })

  test.for(['constructor', 'hasOwnProperty', 'toString'])('takes the key %s for a key like others', (key) => {
    expect(names(defineAny({ [key]: task() }))).toEqual([key])
  })

  test('refuses the key __proto__, which would set a prototype', () => {
    const tree: unknown = Object.fromEntries([['__proto__', task()]])
    expect(() => defineAny(tree as TaskTree)).toThrow(TypeError)
    expect(() => defineAny({ deep: tree as TaskTree })).toThrow('deep.__proto__')
  })

  test('is an empty tree of none', () => {
    expect(names(defineTasks({}))).toEqual([])
  })
})

describe('taskList', () => {
  test('lists every task depth first, with its name and its keys', () => {
    const tasks = defineTasks({ a: { b: task({ name: 'own' }), c: task() }, d: task() })
    expect(taskList(tasks)).toEqual([
      { name: 'own', keys: ['a', 'b'], task: tasks.a.b },
      { name: 'a.c', keys: ['a', 'c'], task: tasks.a.c },
      { name: 'd', keys: ['d'], task: tasks.d },
    ])
  })
})

test('isTask tells a task from a tree, even from one that has a task called `kind`', () => {
  expect(isTask(task())).toBe(true)
  expect(isTask({ a: task() })).toBe(false)
  expect(isTask({ kind: task() })).toBe(false)
})
