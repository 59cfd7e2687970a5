import { defineTasks, task } from '@lovage/core'
import { expect, test } from 'vitest'
import { bindHandlers } from './bind-handlers.ts'

const tasks = defineTasks({ score: task(), mail: { send: task({ name: 'post' }), sort: task() } })
const nothing = (): void => {}

test('binds each handler to its task, by the name of the task', () => {
  const send = (): void => {}
  const bound = bindHandlers(tasks, { score: nothing, mail: { send, sort: nothing } })
  expect([...bound.keys()]).toEqual(['score', 'post', 'mail.sort'])
  expect(bound.get('post')).toEqual({ task: tasks.mail.send, handler: send })
})

test('a task that brings its handler along needs none, and takes another one if given', () => {
  const run = (): void => {}
  const own = defineTasks({ own: task({ run }) })
  expect(bindHandlers(own, {}).get('own')?.handler).toBe(run)
  expect(bindHandlers(own, { own: nothing }).get('own')?.handler).toBe(nothing)
})

test('names every task without a handler', () => {
  expect(() => bindHandlers(tasks, { mail: { send: nothing } })).toThrow(
    new TypeError('No handler for "score", "mail.sort".'),
  )
})

test('names every handler without a task', () => {
  const handlers = { score: nothing, scored: nothing, mail: { send: nothing, sort: nothing, stamp: nothing } }
  expect(() => bindHandlers(tasks, handlers)).toThrow(
    new TypeError('No task for the handlers "mail.stamp", "scored".'),
  )
})

test('names what is no function', () => {
  const handlers = { score: 'score.js', mail: { send: null, sort: nothing } }
  expect(() => bindHandlers(tasks, handlers)).toThrow(
    'the handler of score is a value of type string, not a function; the handler of mail.send is null, not a function',
  )
})

test('names what should hold handlers and does not', () => {
  expect(() => bindHandlers(tasks, { score: nothing, mail: nothing })).toThrow(
    'mail is a value of type function, not an object of handlers',
  )
  expect(() => bindHandlers(tasks, null)).toThrow('handlers is null, not an object of handlers')
})

test('says so when the tree did not go through defineTasks', () => {
  expect(() => bindHandlers({ score: task() }, { score: nothing })).toThrow(/score has no name.*defineTasks/)
})

test('says so when there is no task at all', () => {
  expect(() => bindHandlers({}, {})).toThrow(
    new TypeError('There is no task in `tasks`: a worker needs at least one.'),
  )
})
