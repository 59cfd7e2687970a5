import { defineTasks, task } from '@lovage/core'
import { describe, expect, test } from 'vitest'
import { bindHandlers, bindWorker } from './bind-handlers.ts'
import { handlerModule } from './handler-module.ts'

const tasks = defineTasks({ score: task(), mail: { send: task({ name: 'post' }), sort: task() } })
const nothing = (): void => {}

test('binds each handler to its task, by the name of the task', () => {
  const send = (): void => {}
  const bound = bindWorker(tasks, { score: nothing, mail: { send, sort: nothing } })
  expect([...bound.keys()]).toEqual(['score', 'post', 'mail.sort'])
  expect(bound.get('post')).toEqual({ task: tasks.mail.send, handler: send })
})

test('a task that brings its handler along needs none, and takes another one if given', () => {
  const run = (): void => {}
  const own = defineTasks({ own: task({ run }) })
  expect(bindWorker(own, {}).get('own')).toHaveProperty('handler', run)
  expect(bindWorker(own, { own: nothing }).get('own')).toHaveProperty('handler', nothing)
})

test('names every task without a handler', () => {
  expect(() => bindWorker(tasks, { mail: { send: nothing } })).toThrow(
    new TypeError('No handler for "score", "mail.sort".'),
  )
})

test('names every handler without a task', () => {
  const handlers = { score: nothing, scored: nothing, mail: { send: nothing, sort: nothing, stamp: nothing } }
  expect(() => bindWorker(tasks, handlers)).toThrow(
    new TypeError('No task for the handlers "mail.stamp", "scored".'),
  )
})

test('names what is no function', () => {
  const handlers = { score: 'score.js', mail: { send: null, sort: nothing } }
  expect(() => bindWorker(tasks, handlers)).toThrow(
    'the handler of score is a value of type string, not a function; the handler of mail.send is null, not a function',
  )
})

test('names what should hold handlers and does not', () => {
  expect(() => bindWorker(tasks, { score: nothing, mail: nothing })).toThrow(
    'mail is a value of type function, not an object of handlers',
  )
  expect(() => bindWorker(tasks, null)).toThrow('handlers is null, not an object of handlers')
})

test('says so when the tree did not go through defineTasks', () => {
  expect(() => bindWorker({ score: task() }, { score: nothing })).toThrow(/score has no name.*defineTasks/)
})

test('says so when there is no task at all', () => {
  expect(() => bindWorker({}, {})).toThrow(
    new TypeError('There is no task in `tasks`: a worker needs at least one.'),
  )
})

describe('a handler in a module', () => {
  const module = handlerModule(new URL('file:///score.js'))
  const apart = defineTasks({ score: task({ isolation: 'process' }), own: task({ run: nothing }) })

  test('stands for one task, or for all of a branch', () => {
    const bound = bindWorker(tasks, { score: module, mail: module })
    expect([...bound]).toEqual([
      ['score', { task: tasks.score, module }],
      ['post', { task: tasks.mail.send, module }],
      ['mail.sort', { task: tasks.mail.sort, module }],
    ])
  })

  test('is needed by a task that does not run inline', () => {
    expect(() => bindWorker(apart, { score: nothing })).toThrow(
      new TypeError(
        'Not what was expected: score runs in a process of its own, which cannot be handed a function: ' +
          "name the module that holds it by handlerModule(new URL('./…', import.meta.url)).",
      ),
    )
    expect(bindWorker(apart, { score: module }).get('score')).toEqual({ task: apart.score, module })
  })

  test('comes with those that the module defines and no others', () => {
    expect([...bindHandlers(apart, { score: nothing }).keys()]).toEqual(['score', 'own'])
    expect([...bindHandlers(apart, {}).keys()]).toEqual(['own'])
    expect(() => bindHandlers(apart, { scored: nothing })).toThrow('No task for the handlers "scored".')
    expect(() => bindHandlers(apart, { score: 7 })).toThrow('the handler of score is a value of type number')
  })
})
