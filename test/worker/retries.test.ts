/** Which errors are tried again, and when. */
import { type Backoff, defineTasks, Retry, type RetryOptions, task } from '@lovage/core'
import { describe, expect, test } from 'vitest'
import { life } from './life.ts'

class Refused extends Error {}

/** When the attempts of one job began, in ms after the first. */
async function attemptsOf(retry: RetryOptions, fail: (attempt: number) => unknown) {
  const t = life(defineTasks({ touch: task({ retry }) }))
  const start = t.clock.now()
  const at: number[] = []
  const job = await t.queue.touch.enqueue()
  await t.start({
    touch: (_input, { job: { attempt } }) => {
      at.push(t.clock.now() - start)
      const error = fail(attempt)
      if (error !== undefined) throw error as Error
    },
  })
  await t.clock.advance(60_000)
  return { at, job: await job.get() }
}

const boom = () => new Error('boom')
const withBackoff = (backoff: Backoff) => attemptsOf({ attempts: 4, backoff }, boom)

describe('delays', () => {
  test('without jitter are those that were said', async () => {
    const fixed = { type: 'fixed', delay: '2s', jitter: false } as const
    expect((await withBackoff(fixed)).at).toEqual([0, 2_000, 4_000, 6_000])
    const growing = { type: 'exponential', delay: '2s', max: '5s', jitter: false } as const
    expect((await withBackoff(growing)).at).toEqual([0, 2_000, 6_000, 11_000])
  })

  test('may be the answer of a function, which hears how often and how it failed', async () => {
    const heard: unknown[] = []
    const { at } = await withBackoff((failures, { message }) => {
      heard.push([failures, message])
      return failures * 1_000
    })
    expect(at).toEqual([0, 1_000, 3_000, 6_000])
    expect(heard).toEqual([
      [1, 'boom'],
      [2, 'boom'],
      [3, 'boom'],
    ])
  })

  test('are the usual ones when the function fails', async () => {
    const usual = (await withBackoff('exponential')).at
    expect((await withBackoff(() => 'soon' as never)).at).toEqual(usual)
    expect(
      (
        await withBackoff(() => {
          throw new Error('a mistake')
        })
      ).at,
    ).toEqual(usual)
  })
})

describe('when', () => {
  const when = (error: unknown) => !(error instanceof Refused)

  test('it says no, the job fails at once, and otherwise it is tried again', async () => {
    const refused = await attemptsOf({ attempts: 4, when }, () => new Refused('no'))
    expect(refused.job).toMatchObject({ state: 'failed', attempt: 1, error: { message: 'no' } })
    const other = await attemptsOf({ attempts: 4, when }, (attempt) => (attempt < 3 ? boom() : undefined))
    expect(other.job).toMatchObject({ state: 'succeeded', attempt: 3 })
  })

  test('it is not asked about a Retry, and its own mistakes count as yes', async () => {
    const never = await attemptsOf({ attempts: 2, when: () => false }, () => new Retry({ delay: '7s' }))
    expect(never.at).toEqual([0, 7_000])
    const broken = await attemptsOf(
      {
        attempts: 2,
        when: () => {
          throw new Error('a mistake')
        },
      },
      boom,
    )
    expect(broken.at).toHaveLength(2)
  })
})

test('get tells of every attempt: when, how long, where, and why it failed', async () => {
  const { job } = await attemptsOf(
    { attempts: 3, backoff: { type: 'fixed', delay: '1s', jitter: false } },
    (attempt) => new Error(`boom ${attempt}`),
  )
  const attempt = (n: number) => ({
    attempt: n,
    ms: 0,
    worker: expect.any(String),
    error: { name: 'Error', message: `boom ${n}` },
  })
  expect(job).toMatchObject({
    state: 'failed',
    attempt: 3,
    history: [attempt(1), attempt(2)],
    error: { message: 'boom 3' },
  })
})
