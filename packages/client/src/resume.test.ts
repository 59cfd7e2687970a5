// How a loop goes on from one subscription to the next: what is kept, what is dropped, when it gives up.
import { LovageError, type Notice } from '@lovage/core'
import { expect, test } from 'vitest'
import type { LineCallbacks } from './line.ts'
import { resume, type ResumeOptions } from './resume.ts'

const cursor = (n: number): string => `${n}-0.${n}`
const progress = (n: number): Notice => ({
  type: 'progress',
  cursor: cursor(n),
  jobId: 'j',
  task: 't',
  at: n,
  data: n,
})
const ready = (n: number): Notice => ({ type: 'ready', cursor: cursor(n) })
const end = (n: number): Notice => ({ type: 'expired', cursor: cursor(n), jobId: 'j', task: 't', at: n })

/** What is awaited in order, whichever comes first: the thing or the one who asks for it. */
class Sequence<Item> {
  readonly items: Item[] = []
  #added = (): void => {}

  push(item: Item): void {
    this.items.push(item)
    this.#added()
  }

  async at(n: number): Promise<Item> {
    while (this.items.length <= n) await new Promise<void>((resolve) => void (this.#added = resolve))
    return this.items[n] as Item
  }
}

/** Plays the server and the clock: lines are opened and delays asked for, and the test lets them happen. */
function scripted(options: Partial<ResumeOptions> = {}) {
  const lines = new Sequence<{ place: object; to: LineCallbacks; isOpen: boolean }>()
  const delays = new Sequence<{ ms: number; pass: () => void; isPending: boolean }>()
  const stop = new AbortController()
  const loop = resume({
    inOrder: true,
    open: (place) => (to) => {
      const line = { place, to, isOpen: true }
      lines.push(line)
      return () => void (line.isOpen = false)
    },
    clock: {
      now: () => 0,
      after(ms, pass) {
        const delay = { ms, pass, isPending: true }
        delays.push(delay)
        return () => void (delay.isPending = false)
      },
    },
    from: undefined,
    signal: stop.signal,
    untilEnd: false,
    random: () => 0.5,
    ...options,
  })
  /** Ends the lines from `first` up to `end` with an error each, and lets the delay after each pass. */
  async function fail(error: unknown, first: number, end: number): Promise<void> {
    for (let n = first; n < end; n++) {
      ;(await lines.at(n)).to.onError(error)
      ;(await delays.at(n)).pass()
    }
  }
  return { lines, delays, loop, stop, fail }
}

test('a line that ends is followed by one that begins at the last notice, and repeats are dropped', async () => {
  const it = scripted({ from: 'start' })
  const first = it.loop.next()
  const one = await it.lines.at(0)
  expect(one.place).toEqual({ from: 'start' })
  for (const notice of [ready(0), progress(1), progress(2)]) one.to.onData(notice)
  expect([await first, await it.loop.next(), await it.loop.next()].map(({ value }) => value)).toEqual([
    ready(0),
    progress(1),
    progress(2),
  ])

  const next = it.loop.next()
  one.to.onComplete()
  ;(await it.delays.at(0)).pass()
  const two = await it.lines.at(1)
  expect([one.isOpen, two.place]).toEqual([false, { lastEventId: cursor(2) }])
  for (const notice of [progress(1), progress(2), ready(2), progress(3)]) two.to.onData(notice)
  expect((await next).value).toEqual(progress(3))
  await it.loop.return()
  expect(two.isOpen).toBe(false)
})

test('a gap, and the job as it is after it, are passed on; a second plain ready is not', async () => {
  const it = scripted()
  const first = it.loop.next()
  const one = await it.lines.at(0)
  const gap: Notice = { type: 'gap', cursor: cursor(9), missed: 4 }
  const fresh: Notice = {
    ...ready(9),
    job: { id: 'j', task: 't', enqueuedAt: 0, attempt: 0, state: 'queued' },
  } as Notice
  for (const notice of [ready(5), ready(5), gap, fresh, ready(9), progress(10)]) one.to.onData(notice)
  const seen = [(await first).value]
  while (seen.length < 4) seen.push((await it.loop.next()).value)
  expect(seen).toEqual([ready(5), gap, fresh, progress(10)])
})

const gapOf = (n: number, missed: number): Notice => ({ type: 'gap', cursor: cursor(n), missed })
const job = { id: 'j', task: 't', enqueuedAt: 0, attempt: 0, state: 'queued' }
const snapshot = (n: number): Notice => ({ ...ready(n), job }) as Notice

/** What a loop delivers of what one line brings after another, and where it would go on. */
async function delivered(notices: readonly Notice[], options: Partial<ResumeOptions> = {}) {
  const it = scripted(options)
  const first = it.loop.next()
  const one = await it.lines.at(0)
  const last = progress(999)
  for (const notice of [...notices, last]) one.to.onData(notice)
  const seen: Notice[] = []
  for (let { value } = await first; value?.cursor !== last.cursor; { value } = await it.loop.next())
    seen.push(value as Notice)
  return seen
}

test('a line that was overtaken by the one before it takes nothing back', async () => {
  // 3 and 4 came by the old connection, after the new one had asked for what follows 2. It brings nothing of its own.
  const it = scripted()
  const first = it.loop.next()
  const one = await it.lines.at(0)
  for (const notice of [ready(0), progress(2), progress(3), progress(4), ready(2)]) one.to.onData(notice)
  await first
  for (const n of [2, 3, 4]) expect((await it.loop.next()).value).toEqual(progress(n))
  const next = it.loop.next()
  one.to.onComplete()
  ;(await it.delays.at(0)).pass()
  const two = await it.lines.at(1)
  expect(two.place).toEqual({ lastEventId: cursor(4) })
  for (const n of [3, 4, 5]) two.to.onData(progress(n))
  expect((await next).value).toEqual(progress(5))
})

test('of a gap in a feed the part is told that no other line has brought or told', async () => {
  // 5 and 6 came by the old connection, while the new one was told that 3 to 7 are gone.
  const overlap = [ready(0), progress(2), progress(5), progress(6), gapOf(7, 5), progress(8)]
  expect(await delivered(overlap)).toEqual([
    ready(0),
    progress(2),
    progress(5),
    progress(6),
    gapOf(7, 1),
    progress(8),
  ])
  expect(await delivered([ready(0), gapOf(7, 5), gapOf(7, 5), progress(8), gapOf(7, 5)])).toEqual([
    ready(0),
    gapOf(7, 5),
    progress(8),
  ])
  // A server that lost its memory counts anew.
  const anew = { ...gapOf(50, 3), cursor: '50-0.3' } as Notice
  expect(await delivered([ready(0), progress(40), anew])).toEqual([ready(0), progress(40), anew])
})

test('a gap of a job that is told again before the job as it is came counts only what it adds', async () => {
  const untilEnd = { untilEnd: true }
  const again = [ready(0), progress(2), gapOf(2, 5), gapOf(2, 8), snapshot(12), gapOf(12, 4), snapshot(20)]
  expect(await delivered(again, untilEnd)).toEqual([
    ready(0),
    progress(2),
    gapOf(2, 5),
    gapOf(2, 3),
    snapshot(12),
    gapOf(12, 4),
    snapshot(20),
  ])
  // The old connection went on to 9 meanwhile: nothing is missing, and the job as it was at 8 is old.
  const overtaken = [ready(0), progress(2), progress(9), gapOf(2, 5), snapshot(8)]
  expect(await delivered(overtaken, untilEnd)).toEqual([ready(0), progress(2), progress(9)])
})

test('a feed that began anew is gone on with where it is, and told', async () => {
  const anew = { ...ready(1), restarted: true } as Notice
  expect(await delivered([ready(0), progress(40), anew, progress(2)])).toEqual([
    ready(0),
    progress(40),
    anew,
    progress(2),
  ])
})

test('a loop slower than its line has a thousand notices waiting, and reads the rest from the server later', async () => {
  const it = scripted()
  const first = it.loop.next()
  const one = await it.lines.at(0)
  for (let n = 1; n <= 5_000 && one.isOpen; n++) one.to.onData(progress(n))
  expect(one.isOpen).toBe(false)
  expect((await first).value).toEqual(progress(1))
  for (let n = 2; n <= 1_000; n++) expect((await it.loop.next()).value).toEqual(progress(n))
  const next = it.loop.next()
  const two = await it.lines.at(1)
  expect(two.place).toEqual({ lastEventId: cursor(1_000) })
  expect(it.delays.items).toEqual([])
  two.to.onData(progress(1_001))
  expect((await next).value).toEqual(progress(1_001))
})

test('what cannot get better is thrown at once', async () => {
  const fatal = [
    new LovageError('NOT_FOUND', { id: 'j' }),
    new LovageError('RESULT_EXPIRED', { id: 'j', keptMs: 1 }),
    new LovageError('UNAUTHORIZED', { message: 'no' }),
    new LovageError('CURSOR_INVALID', { cursor: 'x' }),
    Object.assign(new Error('no such procedure'), { name: 'TRPCClientError', data: { code: 'NOT_FOUND' } }),
    new TypeError('a mistake'),
  ]
  for (const error of fatal) {
    const it = scripted()
    const next = expect(it.loop.next()).rejects.toBe(error)
    ;(await it.lines.at(0)).to.onError(error)
    await next
    expect(it.lines.items).toHaveLength(1)
  }
})

test('what may pass is tried again for ever, with delays that grow to half a minute', async () => {
  for (const error of [
    new LovageError('DISCONNECTED', { url: '', cause: '' }),
    new LovageError('STORE_UNAVAILABLE', { store: '', cause: '' }),
  ]) {
    const it = scripted({ random: () => 1 })
    const next = it.loop.next()
    await it.fail(error, 0, 12)
    expect(it.delays.items.map(({ ms }) => ms / 1_000)).toEqual([0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30])
    ;(await it.lines.at(12)).to.onData(progress(1))
    expect((await next).value).toEqual(progress(1))
  }
})

test('a failure of the server itself is tried again, and told at the fifth in a row', async () => {
  for (const error of [
    new LovageError('INTERNAL', { message: 'oh' }),
    Object.assign(new Error('theirs'), {
      name: 'TRPCClientError',
      data: { code: 'INTERNAL_SERVER_ERROR', httpStatus: 500 },
    }),
  ]) {
    const it = scripted()
    const next = it.loop.next()
    await it.fail(error, 0, 4)
    // A notice between two failures shows that it goes on, and the count begins anew.
    const fifth = await it.lines.at(4)
    fifth.to.onData(progress(1))
    await next
    const last = expect(it.loop.next()).rejects.toBe(error)
    await it.fail(error, 4, 8)
    ;(await it.lines.at(8)).to.onError(error)
    await last
    expect(it.lines.items).toHaveLength(9)
  }
})

test('following one job ends with its end, whatever place that stands at', async () => {
  const it = scripted({ untilEnd: true })
  const first = it.loop.next()
  const one = await it.lines.at(0)
  one.to.onData(progress(7))
  expect((await first).value).toEqual(progress(7))
  const next = it.loop.next()
  one.to.onData(end(7))
  expect((await next).value).toEqual(end(7))
  expect(await it.loop.next()).toEqual({ done: true, value: undefined })
  expect(one.isOpen).toBe(false)
})

test('an abort ends it at once: while it listens, while it waits to try again, and before it began', async () => {
  const listening = scripted()
  const heard = listening.loop.next()
  const { to } = await listening.lines.at(0)
  listening.stop.abort()
  to.onData(progress(1))
  expect(await heard).toMatchObject({ done: true })
  expect(listening.lines.items[0]?.isOpen).toBe(false)

  const waiting = scripted()
  const tried = waiting.loop.next()
  ;(await waiting.lines.at(0)).to.onComplete()
  const delay = await waiting.delays.at(0)
  waiting.stop.abort()
  expect(await tried).toMatchObject({ done: true })
  expect(delay.isPending).toBe(false)

  expect(await scripted({ signal: AbortSignal.abort() }).loop.next()).toMatchObject({ done: true })
})
