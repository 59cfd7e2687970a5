// Whom a record is given to: everybody who asked for it, once, and none of the others is even looked at.
import { expect, test } from 'vitest'
import { Audience } from './audience.ts'
import type { JobNoticeType } from './notice.ts'
import type { StoredNotice } from './store.ts'
import { type Match, matches, Subscriber } from './subscriber.ts'

const record = (details: Partial<StoredNotice>): StoredNotice => ({
  cursor: '1-0.1',
  type: 'progress',
  jobId: 'j0',
  task: 't0',
  owner: null,
  at: 1,
  ...details,
})

/** Counts what it is given, and how often anybody looks at what it wants. */
class Counting extends Subscriber {
  given = 0
  looks = 0

  constructor(match: Match) {
    super(match, {}, () => {})
    Object.defineProperty(this, 'match', {
      get: () => {
        this.looks += 1
        return match
      },
    })
  }

  override push(): boolean {
    this.given += 1
    return false
  }
}

const some = <T>(...values: T[]): T[][] => [[], ...values.map((value) => [value]), values]

test('everybody who asked for a record is given it once, whatever he asked by, and nobody else', () => {
  const jobs = [undefined, 'j0', 'j1']
  const owners = [undefined, 'ada', 'bob']
  const tasks = [undefined, ...some('t0', 't1').map((names) => new Set(names))]
  const types = [undefined, ...some<JobNoticeType>('progress', 'failed').map((names) => new Set(names))]
  const audience = new Audience()
  const all: { subscriber: Counting; match: Match }[] = []
  for (const jobId of jobs)
    for (const owner of owners)
      for (const names of tasks)
        for (const kinds of types) {
          const match = { jobId, owner, tasks: names, types: kinds }
          const subscriber = new Counting(match)
          all.push({ subscriber, match })
          audience.add(subscriber)
        }
  expect(audience.size).toBe(3 * 3 * 5 * 5)

  for (const jobId of ['j0', 'j1', 'j2'])
    for (const owner of [null, 'ada', 'bob', 'eve'])
      for (const task of ['t0', 't1', 't2'])
        for (const type of ['progress', 'failed', 'started'] as const) {
          const given = all.map(({ subscriber }) => subscriber.given)
          const told = record({ jobId, owner, task, type })
          audience.push(told, [])
          all.forEach(({ subscriber, match }, index) => {
            const times = subscriber.given - (given[index] as number)
            expect(times, JSON.stringify({ match, told })).toBe(matches(match, told) ? 1 : 0)
          })
        }

  const before = all.map(({ subscriber }) => subscriber.given)
  for (const { subscriber } of all) audience.delete(subscriber)
  audience.push(record({ owner: 'ada' }), [])
  expect([audience.size, all.map(({ subscriber }) => subscriber.given)]).toEqual([0, before])
})

test('a record costs what its audience costs: thousands who want something else are not looked at', () => {
  const audience = new Audience()
  const others = Array.from({ length: 5_000 }, (_, n) => [
    new Counting({ jobId: `other-${n}` }),
    new Counting({ owner: `other-${n}` }),
    new Counting({ tasks: new Set([`other-${n}`, `another-${n}`]) }),
    new Counting({ types: new Set(['failed']) }),
    new Counting({ jobId: `another-${n}`, owner: 'ada', tasks: new Set(['t0']) }),
  ]).flat()
  const own = [
    new Counting({ jobId: 'j0' }),
    new Counting({ owner: 'ada', types: new Set(['progress']) }),
    new Counting({ tasks: new Set(['t0']) }),
    new Counting({}),
  ]
  for (const subscriber of [...others, ...own]) audience.add(subscriber)
  for (const subscriber of [...others, ...own]) subscriber.looks = 0
  for (let n = 0; n < 10; n++) audience.push(record({ owner: 'ada' }), [])
  expect(own.map(({ given }) => given)).toEqual([10, 10, 10, 10])
  expect(others.filter(({ looks, given }) => looks + given > 0)).toEqual([])
})
