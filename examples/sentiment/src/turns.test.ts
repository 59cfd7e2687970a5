import { expect, it, onTestFinished, vi } from 'vitest'
import { takeTurns } from './turns.ts'

/** Works until it has had to wait `turns` times, noting its name each time that it goes on. */
async function work(name: string, turns: number, notes: string[], signal?: AbortSignal): Promise<void> {
  const turn = takeTurns(signal)
  while (turns > 0) {
    const pause = turn()
    if (pause === undefined) continue
    await pause
    notes.push(name)
    turns--
  }
}

it('work goes on at once while its turn lasts', () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(5) // others may take the core for longer than a turn
  onTestFinished(() => clock.mockRestore())
  expect(takeTurns()()).toBeUndefined()
})

it('those who wait take turns in order', async () => {
  const notes: string[] = []
  await Promise.all(['a', 'b', 'c'].map((name) => work(name, 3, notes)))
  expect(notes.join('')).toBe('abcabcabc')
})

it('between two turns the event loop comes round', async () => {
  const notes: string[] = []
  const working = Promise.all(['a', 'b', 'c'].map((name) => work(name, 2, notes)))
  let rounds = 0
  const round = (): void => {
    rounds++
    if (notes.length < 6) setImmediate(round)
  }
  setImmediate(round)
  await working
  // The first turn came before the first round was counted.
  expect(rounds).toBeGreaterThanOrEqual(notes.length - 1)
})

it('an abort ends the wait with its reason', async () => {
  const abort = new AbortController()
  const working = work('a', 1000, [], abort.signal)
  setImmediate(() => abort.abort(new Error('enough')))
  await expect(working).rejects.toThrow('enough')
})
