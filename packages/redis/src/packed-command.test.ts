// What goes over the socket is what ioredis itself would send.
import { setImmediate as turn } from 'node:timers/promises'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Command } from 'ioredis'
import { expect, test } from 'vitest'
import { PackedCommand, type PackedArgs } from './packed-command.ts'

test.each<[what: string, args: PackedArgs]>([
  ['nothing', []],
  ['text and numbers', ['key', 0, -1, 1_795_894_175_959, 1.5, 'value']],
  ['what is empty', ['', '']],
  ['characters of two, three and four bytes', ['ä', '€', '😀', 'plain']],
  ['more than is sent as a text', ['x'.repeat(5_000)]],
  ['half a character', ['\ud83d']],
  ['line feeds and zeros', ['a\r\nb\0c']],
])('a call with %s', (_what, args) => {
  const theirs = new Command('evalsha', [...args]).toWritable({})
  expect(Buffer.from(new PackedCommand('evalsha', args).toWritable() as string)).toEqual(Buffer.from(theirs))
})

test('it ends as one of ioredis does', async () => {
  const ended = async (command: Command): Promise<unknown[]> => {
    const [settled] = await Promise.allSettled([command.promise])
    return [settled, command.isResolved, command.isSettled]
  }
  for (const reply of ['täxt', ['a', [null, 7]], null]) {
    const [ours, theirs] = [new PackedCommand('get', []), new Command('get', [], { replyEncoding: 'utf8' })]
    for (const one of [ours, theirs]) one.resolve(reply)
    expect(await ended(ours)).toEqual(await ended(theirs))
  }
  const [ours, theirs] = [new PackedCommand('get', []), new Command('get', [])]
  for (const one of [ours, theirs]) one.reject(new Error('no'))
  expect(await ended(ours)).toEqual(await ended(theirs))
})

test('once it was answered, a small collection takes it', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void
  const oldBytes = (): number =>
    getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')!.space_used_size
  const some = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      const command = new PackedCommand('get', [`${n}`.padStart(200)])
      command.resolve('x')
      await command.promise
    }
    await turn()
    for (let n = 0; n < 2; n++) collect({ type: 'minor' })
  }
  await some(100)
  const before = oldBytes()
  await some(1_000)
  expect((oldBytes() - before) / 1_000).toBeLessThan(100)
})
