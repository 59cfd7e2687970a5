// When a reader of the feed asks for what comes next: never between a notice and what somebody does upon it.
import { Socket } from 'node:net'
import { afterEach, expect, vi } from 'vitest'
import { announcedJobs } from '../conformance/acts.ts'
import { blocked, readingOf, test } from './stage.ts'

/** What this process sends from now on, in order. */
function sent(): string[] {
  const texts: string[] = []
  const write = Socket.prototype.write
  vi.spyOn(Socket.prototype, 'write').mockImplementation(function (this: Socket, ...args: unknown[]) {
    texts.push(String(args[0]))
    return write.apply(this, args as Parameters<typeof write>)
  })
  return texts
}

afterEach(() => vi.restoreAllMocks())

const isRead = (text: string): boolean => text.includes('xread')

test('what somebody sends upon a notice goes to the server before the next read', async ({
  store,
  redis,
  namespace,
}) => {
  const reading = readingOf(store)
  const batch = reading.next()
  await blocked(redis, namespace, 'live')
  const texts = sent()
  await store.enqueue(announcedJobs('a'))
  await batch
  expect(texts.filter(isRead)).toEqual([])

  texts.length = 0
  const next = reading.next()
  await Promise.all([store.enqueue(announcedJobs('b')), next])
  const enqueued = texts.findIndex((text) => text.includes('evalsha'))
  expect(enqueued).toBeGreaterThanOrEqual(0)
  expect(texts.findIndex(isRead)).toBeGreaterThan(enqueued)
  await reading.return?.()
})

test('a read that brought all that it may bring is followed by the next one at once', async ({ store }) => {
  await store.enqueue(announcedJobs(...Array.from({ length: 400 }, (_, n) => `a${n}`)))
  await store.enqueue(announcedJobs(...Array.from({ length: 200 }, (_, n) => `b${n}`)))
  const texts = sent()
  const reading = readingOf(store)
  expect((await reading.next()).value).toHaveLength(500)
  expect(texts.filter(isRead)).toHaveLength(2)
  expect((await reading.next()).value).toHaveLength(100)
  expect(texts.filter(isRead)).toHaveLength(2)
  await reading.return?.()
})
