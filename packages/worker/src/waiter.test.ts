import type { Clock, Store, Wake } from '@lovage/core'
import { expect, test } from 'vitest'
import { Waiter } from './waiter.ts'

const NOTHING: Wake = { work: false, cancelled: [] }
const WORK: Wake = { work: true, cancelled: [] }

/** A waiter whose store, time and owner are the test. */
function script({ maxSilenceMs = 120_000 } = {}) {
  const waits: {
    work: boolean
    timeoutMs: number
    signal: AbortSignal
    end: (wake: Wake) => void
    fail: (error: unknown) => void
  }[] = []
  const pauses: { ms: number; call: () => void }[] = []
  const heard: string[] = []
  const session = { id: 's1' }
  const clock: Clock = {
    now: () => 0,
    after(ms, call) {
      const pause = { ms, call }
      pauses.push(pause)
      return () => void pauses.splice(pauses.indexOf(pause), 1)
    },
  }
  const wait: Store['wait'] = (_session, { work, timeoutMs, signal }) =>
    new Promise((end, fail) => void waits.push({ work, timeoutMs, signal, end, fail }))
  const waiter = new Waiter({
    store: { wait } as Store,
    clock,
    maxSilenceMs,
    random: () => 1,
    session: () => session.id,
    onWork: () => heard.push('work'),
    onCancelled: ({ id }) => heard.push(`cancelled ${id}`),
    onHanded: (handed) => heard.push(`handed ${handed.map(({ id }) => id).join()}`),
    onFailed: () => heard.push('failed'),
  })
  /** Ends the newest wait and lets the waiter take it in. */
  const end = async (wake: Wake): Promise<void> => {
    waits.at(-1)?.end(wake)
    await Promise.resolve()
  }
  const fail = async (): Promise<void> => {
    waits.at(-1)?.fail(new Error('cut'))
    await Promise.resolve()
  }
  const pass = (): void => pauses.shift()?.call()
  return { waiter, waits, pauses, heard, session, end, fail, pass }
}

test('a wake-up that comes with the end of a wait is acted upon: it is gone for everybody else', async () => {
  const { waiter, waits, heard, end } = script()
  waiter.want('work')
  waiter.want('cancels')
  expect(waits[0]?.signal.aborted).toBe(true)
  await end(WORK)
  expect(heard).toEqual(['work'])
})

test('so is one that comes after the session of its wait is over', async () => {
  const { waiter, heard, end } = script()
  waiter.want('work')
  waiter.reset()
  await end(WORK)
  expect(heard).toEqual(['work'])
})

const handed = (id: string): Wake => ({
  ...NOTHING,
  handed: [{ id, task: 't', owner: null, options: {}, input: { json: '1' }, claimedAt: 1, attempt: 1 }],
})

test('jobs that come with the end of a wait need no step, and what is wanted next is said by who runs them', async () => {
  const { waiter, waits, heard, end } = script()
  waiter.want('work')
  await end(handed('a'))
  expect(heard).toEqual(['handed a'])
  waiter.want('work')
  expect(waits).toHaveLength(2)
})

test('they are nobody’s where the session that holds them is over', async () => {
  const { waiter, heard, end, session } = script()
  waiter.want('work')
  session.id = 's2'
  await end(handed('a'))
  expect(heard).toEqual([])
})

test('a wait for work that ends is not followed by another one until a step has told how things are', async () => {
  const { waiter, waits, end } = script()
  waiter.want('work')
  await end(WORK)
  expect(waits).toHaveLength(1)
  waiter.want('work')
  expect(waits).toHaveLength(2)
})

test('a wait goes on while nothing is wanted, and is taken up again', () => {
  const { waiter, waits } = script()
  waiter.want('work')
  waiter.want('nothing')
  waiter.want('work')
  expect(waits.map(({ work, signal }) => [work, signal.aborted])).toEqual([[true, false]])
})

test('slots that are full for less than the pause cost no wait', () => {
  const { waiter, waits, pauses } = script()
  waiter.want('cancels')
  waiter.want('nothing')
  expect([waits, pauses]).toEqual([[], []])
})

test('a wait for cancels that hears one is followed by another', async () => {
  const { waiter, waits, heard, end, pass } = script()
  waiter.want('cancels')
  pass()
  await end({ work: false, cancelled: [{ id: 'a', by: null, reason: null }] })
  pass()
  expect(heard).toEqual(['cancelled a'])
  expect(waits.map(({ work }) => work)).toEqual([false, false])
})

test('a wait that hears nothing leads to a step', async () => {
  const { waiter, heard, end, pass } = script()
  waiter.want('work')
  await end(NOTHING)
  waiter.want('cancels')
  pass()
  await end(NOTHING)
  expect(heard).toEqual(['work', 'work'])
})

test.for([
  [120_000, 30_000],
  [3_600_000, 30_000],
  [20_000, 5_000],
] as const)(
  'a probe that allows for %i ms of silence makes waits of at most %i ms',
  ([maxSilenceMs, timeoutMs]) => {
    const { waiter, waits } = script({ maxSilenceMs })
    waiter.want('work')
    expect(waits).toMatchObject([{ timeoutMs }])
  },
)

test('waits that fail follow each other ever more slowly, at most every 5 s', async () => {
  const { waiter, waits, pauses, heard, fail, pass } = script()
  waiter.want('work')
  const delays: number[] = []
  for (let n = 0; n < 8; n++) {
    await fail()
    delays.push(pauses[0]?.ms ?? 0)
    pass()
  }
  expect(delays).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
  expect(heard).toEqual(Array.from({ length: 8 }, () => 'failed'))
  expect(waits).toHaveLength(9)
})

test('what is wanted meanwhile does not shorten the pause after a failure', async () => {
  const { waiter, waits, fail, pass } = script()
  waiter.want('work')
  await fail()
  waiter.want('nothing')
  waiter.want('work')
  waiter.want('cancels')
  expect(waits).toHaveLength(1)
  pass()
  expect(waits.map(({ work }) => work)).toEqual([true, false])
})

test('the failure of a wait that was ended is none', async () => {
  const { waiter, heard, fail } = script()
  waiter.want('work')
  waiter.want('cancels')
  await fail()
  expect(heard).toEqual([])
})
