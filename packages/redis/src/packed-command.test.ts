// What goes over the socket, and what is made of an answer, is what ioredis itself would make.
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
  ['half a character', ['\ud83d']],
  ['line feeds and zeros', ['a\r\nb\0c']],
])('a call with %s', (_what, args) => {
  const theirs = new Command('evalsha', [...args]).toWritable({})
  expect(new PackedCommand('evalsha', args).toWritable()).toEqual(Buffer.from(theirs))
})

test('it ends as one of ioredis does', async () => {
  const ended = async (command: Command): Promise<unknown[]> => {
    const [settled] = await Promise.allSettled([command.promise])
    return [settled, command.isResolved]
  }
  for (const reply of [Buffer.from('täxt'), [Buffer.from('a'), [null, 7]], null]) {
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
      command.resolve(Buffer.from('x'))
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

test.each<[what: string, reply: () => unknown]>([
  ['a text', () => Buffer.from('ä€😀 plain')],
  ['nothing', () => null],
  ['a number', () => 42],
  [
    'lists in lists',
    () => [[Buffer.from('feed'), [[Buffer.from('1-0'), [Buffer.from('seq'), Buffer.from('1')]]]]],
  ],
  ['what a transaction answers', () => [1, null, [], new Error('WRONGTYPE'), Buffer.from('')]],
])('an answer with %s', (_what, reply) => {
  const theirs = new Command('xread', [], { replyEncoding: 'utf8' }).transformReply(reply() as Buffer)
  expect(new PackedCommand('xread', []).transformReply(reply() as Buffer)).toEqual(theirs)
})
