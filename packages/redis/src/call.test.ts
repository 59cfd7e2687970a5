import { setImmediate as turn } from 'node:timers/promises'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { Call, type Sender } from './call.ts'

const sender: Sender = {
  answered: (call, reply) => call.end(reply),
  refused: (call, error) => call.fail(error),
}
const called = <Reply>(decode: (reply: unknown) => Reply): Call<Reply> =>
  new Call(sender, 'get', ['key'], { repeatable: false }, decode)

test('it ends with what its answer says, as it was refused, or with what is wrong with the answer', async () => {
  const [answered, refused, unreadable] = [
    called(String),
    called(String),
    called((reply) => JSON.parse(reply as string) as unknown),
  ]
  answered.resolve(7)
  refused.reject(new Error('no'))
  unreadable.resolve('{')
  await expect(answered.promise).resolves.toBe('7')
  await expect(refused.promise).rejects.toThrow('no')
  await expect(unreadable.promise).rejects.toThrow(SyntaxError)
})

test('a script goes by its text once its digest was not known', () => {
  const call = new Call(sender, 'evalsha', (form) => [form, 0], { repeatable: false }, String)
  expect([call.name, call.args, call.mayBeUnknown]).toEqual(['evalsha', ['sha', 0], true])
  call.form = 'source'
  expect([call.name, call.args, call.mayBeUnknown]).toEqual(['eval', ['source', 0], false])
})

test('once it was answered, a small collection takes it', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void
  const oldBytes = (): number =>
    getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')!.space_used_size
  const some = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      const call = called(String)
      call.resolve(`${n}`.padStart(200))
      await call.promise
    }
    await turn()
    for (let n = 0; n < 2; n++) collect({ type: 'minor' })
  }
  await some(100)
  const before = oldBytes()
  await some(1_000)
  expect((oldBytes() - before) / 1_000).toBeLessThan(100)
})
