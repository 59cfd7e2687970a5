import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Beats } from './beats.ts'

/** One session whose beats are sent at once, and answered by hand. */
function beating() {
  const silences: unknown[] = []
  const sent: { answer: (alive: boolean) => void; fail: (error: Error) => void }[] = []
  let now = 0
  const due: (() => void)[] = []
  const beats = new Beats({
    extend: () =>
      new Promise((resolve, reject) =>
        sent.push({ answer: (alive) => resolve({ alive, work: false, nextDueMs: null }), fail: reject }),
      ),
    clock: { now: () => now, after: (_ms, call) => (due.push(call), () => {}) },
    onLost: () => {},
    onSilence: (_session, error) => silences.push(error),
  })
  beats.start('s', 1_500)
  due.shift()?.()
  return { beats, silences, sent, due, pass: (ms: number) => (now += ms) }
}

test('a beat that is not answered is told of, and there is another one', async () => {
  const { silences, sent, due } = beating()
  const lost = new Error('no answer')
  sent[0]?.fail(lost)
  await turn()
  expect(silences).toEqual([lost])
  expect(due).toHaveLength(1)
})

test('it is told of as well where another loop has taken over meanwhile: nobody else knows', async () => {
  const { beats, silences, sent, due } = beating()
  beats.stop('s')
  const lost = new Error('no answer')
  sent[0]?.fail(lost)
  await turn()
  expect(silences).toEqual([lost])
  expect(due).toEqual([])
})

test('an answer that took seconds came by a second line: the first one is told of, whoever beats by then', async () => {
  const { beats, silences, sent, pass } = beating()
  beats.stop('s')
  pass(5_000)
  sent[0]?.answer(true)
  await turn()
  expect(silences).toEqual([new Error('no answer to a beat for 5000 ms')])
})
