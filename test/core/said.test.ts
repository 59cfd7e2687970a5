// What handlers say, as followers get it: live, from the feed, and from what is kept with the job.
import { isSaid, isTerminal, type JobHandle, type Notice } from '@lovage/core'
import { expect, test } from 'vitest'
import { all, altered, setUp, typesOf } from './stage.ts'

/** Everything that was said, and the types of all else. */
const shown = (notices: readonly Notice[]): string[] =>
  notices.map((notice) =>
    notice.type === 'log'
      ? notice.lines.map(({ n, level, message }) => `${n} ${level} ${message}`).join(', ')
      : notice.type === 'chunk'
        ? `${notice.offset} ${notice.text}`
        : notice.type,
  )

async function until(handle: JobHandle, type: Notice['type'], count = 1): Promise<Notice[]> {
  const notices: Notice[] = []
  for await (const notice of handle) {
    notices.push(notice)
    if (notices.filter((one) => one.type === type).length === count) break
  }
  return notices
}

test('whoever follows gets lines and text in their order, before the end', async () => {
  const { queue, driver } = await setUp()
  const job = await queue.plain.enqueue({ n: 1 })
  const seen = all(job)
  const claimed = await driver.next()
  await driver.say(claimed, 1, { line: 'reading' })
  await driver.say(claimed, 0, { text: 'Once ' })
  await driver.say(claimed, 5, { text: 'upon' })
  await driver.say(claimed, 2, { line: 'done' })
  await driver.succeed(claimed, 7)
  expect(shown(await seen)).toEqual([
    'ready',
    '1 info reading',
    '0 Once ',
    '5 upon',
    '2 info done',
    'succeeded',
  ])
})

test('whoever comes later gets what was said before, then the job as it is, then what comes', async () => {
  const { queue, driver } = await setUp()
  const { id } = await queue.plain.enqueue({ n: 1 })
  const claimed = await driver.next()
  await driver.say(claimed, 1, { line: 'reading' })
  await driver.say(claimed, 0, { text: 'Once' })
  const late = queue.attach({ id, task: 'plain' })
  expect(shown(await until(late, 'ready'))).toEqual(['1 info reading', '0 Once', 'ready'])
  await driver.say(claimed, 4, { text: ' upon' })
  await driver.succeed(claimed, 7)
  expect(shown(await all(late))).toEqual(['4  upon', 'succeeded'])
  expect(shown(await all(queue.attach({ id, task: 'plain' })))).toEqual([
    '1 info reading',
    '0 Once',
    '4  upon',
    'succeeded',
  ])
})

test('what is kept of it has the places that it had in the feed, so nothing comes twice at a change of the line', async () => {
  const { queue, driver } = await setUp()
  const job = await queue.plain.enqueue({ n: 1 })
  const claimed = await driver.next()
  await driver.say(claimed, 1, { line: 'one' })
  await driver.say(claimed, 2, { line: 'two' })
  const live = await until(job, 'log', 2)
  const kept = await until(queue.attach({ id: job.id, task: 'plain' }), 'ready')
  const said = (notices: Notice[]): Notice[] => notices.filter(({ type }) => isSaid(type))
  expect(said(kept)).toEqual(said(live))
  // Cut after the first of them: the rest comes from the feed.
  const again = queue.attach({ id: job.id, task: 'plain', cursor: kept[0]!.cursor })
  expect(shown(await until(again, 'log'))).toEqual(['2 info two'])
})

test('after a gap the lines that are kept are there, those that had come before it not again', async () => {
  const { queue, driver, store } = await setUp(undefined, 3)
  const job = await queue.plain.enqueue({ n: 1 })
  const claimed = await driver.next()
  await driver.say(claimed, 1, { line: 'one' })
  expect(shown(await until(job, 'log'))).toEqual(['1 info one'])
  for (let n = 2; n <= 6; n++) await driver.say(claimed, n, { line: `line ${n}` })
  await driver.succeed(claimed, 7)
  const { queue: elsewhere } = await setUp(() => store) // which has read none of it
  expect(shown(await all(elsewhere.attach(job)))).toEqual([
    'gap',
    '2 info line 2',
    '3 info line 3',
    '4 info line 4',
    '5 info line 5',
    '6 info line 6',
    'succeeded',
  ])
})

test('what is said between the look at the job and the look at its words comes once, from the feed', async () => {
  let say = async (): Promise<void> => {}
  const { queue, driver, store } = await setUp((inner) =>
    altered(inner, {
      said: async (id) => {
        await say()
        return inner.said(id)
      },
    }),
  )
  const { id } = await queue.plain.enqueue({ n: 1 })
  const claimed = await driver.next()
  await driver.say(claimed, 1, { line: 'one' })
  say = async () => {
    say = async () => {}
    await driver.say(claimed, 2, { line: 'two' })
  }
  expect(shown(await until(queue.attach({ id, task: 'plain' }), 'log', 2))).toEqual([
    '1 info one',
    'ready',
    '2 info two',
  ])
  expect(await store.said(id)).toHaveLength(2)
})

test('whoever does not want words gets none, and no look at the store is made for them', async () => {
  const asked: string[] = []
  const { queue, driver } = await setUp((inner) =>
    altered(inner, { said: (id) => (asked.push(id), inner.said(id)) }),
  )
  const job = await queue.plain.enqueue({ n: 1 })
  const result = job.result()
  const loop = job.notices({ logs: false })
  const first = await loop.next()
  const claimed = await driver.next()
  await driver.say(claimed, 1, { line: 'one' })
  await driver.succeed(claimed, 7)
  const rest: Notice[] = [first.value as Notice]
  for await (const notice of loop) rest.push(notice)
  expect(typesOf(rest)).toEqual(['ready', 'succeeded'])
  expect(await result).toBe(7)
  expect(asked).toEqual([])
})

test('the feed of many jobs has their words, those of one type, or none of them', async () => {
  const { queue, driver } = await setUp()
  await queue.plain.enqueue({ n: 1 })
  const claimed = await driver.next()
  await driver.say(claimed, 1, { line: 'one' })
  await driver.say(claimed, 0, { text: 'Once' })
  await driver.succeed(claimed, 7)
  const of = async (options: Parameters<typeof queue.notices>[0]): Promise<string[]> => {
    const seen: Notice[] = []
    for await (const notice of queue.notices({ from: 'start', ...options })) {
      if (notice.type === 'ready') break
      seen.push(notice)
    }
    return shown(seen)
  }
  expect(await of({})).toEqual(['1 info one', '0 Once', 'succeeded'])
  expect(await of({ types: ['chunk'] })).toEqual(['0 Once'])
  expect(await of({ logs: false })).toEqual(['succeeded'])
})

test('a stranger hears nothing of it', async () => {
  const { queue, driver } = await setUp()
  const { id } = await queue.plain.enqueue({ n: 1 }, { owner: 'ada' })
  await driver.say(await driver.next(), 1, { line: 'secret' })
  const follow = queue['~engine'].follow(id, { owner: 'grace', signal: new AbortController().signal })
  await expect(follow.next()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(isTerminal({ type: 'log' })).toBe(false)
})
