import { expect, test } from 'vitest'
import { addressOf } from './address.ts'
import { Wholeness } from './layout.ts'
import type { Run, Script } from './script.ts'
import { counts } from './scripts/look.ts'
import { layout } from './scripts/layout.ts'

const PARTITIONED = { is: 'partitioned', text: JSON.stringify({ v: 1, count: 2, here: [0, 1] }) }

/** A server whose looks find one after the other. */
function serverThatFinds(...found: object[]) {
  const said: string[] = []
  const run = (async (script: Script<string, unknown>, args: { n?: number }) => {
    said.push(script.name + (args.n ?? ''))
    return script.name === layout.name ? (found.length > 1 ? found.shift() : found[0]) : args.n
  }) as unknown as Run
  const inPlace = new Wholeness(addressOf({}), run).before(run) as unknown as (
    script: unknown,
    args: { n: number },
  ) => Promise<unknown>
  return { said, call: (n: number) => inPlace(counts, { n }) }
}

test('a call is answered when it is known that there were no partitions after it either', async () => {
  const { said, call } = serverThatFinds({ is: 'unused' }, PARTITIONED)
  await expect(call(1)).rejects.toMatchObject({ code: 'OPTION_INVALID', details: { seen: '1' } })
  expect(said).toEqual(['layout', 'counts1', 'layout'])
  await expect(call(2)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  expect(said).toEqual(['layout', 'counts1', 'layout', 'layout'])
})

test('once the queue is used nobody looks again', async () => {
  const { said, call } = serverThatFinds({ is: 'unused' }, { is: 'whole' })
  expect(await call(1)).toBe(1)
  expect(await call(2)).toBe(2)
  expect(said).toEqual(['layout', 'counts1', 'layout', 'counts2'])
})

test('calls go out in the order in which they were made, whatever they waited for', async () => {
  const { said, call } = serverThatFinds({ is: 'whole' })
  const calls = [call(1), call(2)]
  for (let n = 3; n < 12; n++) {
    await Promise.resolve()
    calls.push(call(n))
  }
  await Promise.all(calls)
  expect(said.filter((name) => name !== 'layout')).toEqual(calls.map((_, n) => `counts${n + 1}`))
  expect(said.filter((name) => name === 'layout')).toHaveLength(1)
})
