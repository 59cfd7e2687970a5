// When a reader of the feed asks for what comes next: never between a notice and what somebody does upon it.
import { START } from '@lovage/core'
import { Socket } from 'node:net'
import { afterEach, expect, vi } from 'vitest'
import { newJobs } from '../conformance/acts.ts'
import { blocked, test } from './stage.ts'

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

const announced = (...ids: string[]) => newJobs(...ids).map((job) => ({ ...job, announce: true }))
const isRead = (text: string): boolean => text.includes('xread')

test('what somebody sends upon a notice goes to the server before the next read', async ({
  store,
  redis,
  namespace,
}) => {
  const reading = store.live(START, AbortSignal.timeout(20_000))[Symbol.asyncIterator]()
  const batch = reading.next()
  await blocked(redis, namespace, 'live')
  const texts = sent()
  await store.enqueue(announced('a'))
  await batch
  expect(texts.filter(isRead)).toEqual([])

  texts.length = 0
  const next = reading.next()
  await Promise.all([store.enqueue(announced('b')), next])
  const enqueued = texts.findIndex((text) => text.includes('evalsha'))
  expect(enqueued).toBeGreaterThanOrEqual(0)
  expect(texts.findIndex(isRead)).toBeGreaterThan(enqueued)
  await reading.return?.()
})

test('a read that brought all that it may bring is followed by the next one at once', async ({ store }) => {
  await store.enqueue(announced(...Array.from({ length: 400 }, (_, n) => `a${n}`)))
  await store.enqueue(announced(...Array.from({ length: 200 }, (_, n) => `b${n}`)))
  const texts = sent()
  const reading = store.live(START, AbortSignal.timeout(20_000))[Symbol.asyncIterator]()
  expect((await reading.next()).value).toHaveLength(500)
  expect(texts.filter(isRead)).toHaveLength(2)
  expect((await reading.next()).value).toHaveLength(100)
  expect(texts.filter(isRead)).toHaveLength(2)
  await reading.return?.()
})
