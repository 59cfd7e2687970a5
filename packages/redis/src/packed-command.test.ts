// What goes over the socket is what ioredis itself would send.
import { setImmediate as turn } from 'node:timers/promises'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Command } from 'ioredis'
import { expect, test } from 'vitest'
import { packed, type PackedArgs, SentCommand } from './packed-command.ts'

test.each<[what: string, args: PackedArgs]>([
  ['nothing', []],
  ['text and numbers', ['key', 0, -1, 1_795_894_175_959, 1.5, 'value']],
  ['what is empty', ['', '']],
  ['characters of two, three and four bytes', ['ä', '€', '😀', 'plain']],
  ['more than Node makes bytes of on its stack', ['x'.repeat(50_000)]],
  ['half a character', ['\ud83d']],
  ['line feeds and zeros', ['a\r\nb\0c']],
])('a call with %s', (_what, args) => {
  const theirs = new Command('evalsha', [...args]).toWritable({})
  const ours = packed('evalsha', args)
  expect(typeof ours === 'string' ? Buffer.from(ours, 'latin1') : ours).toEqual(Buffer.from(theirs))
})

test('it ends as it was answered', async () => {
  const [answered, refused] = [new SentCommand('get'), new SentCommand('get')]
  answered.resolve(['a', [null, 7]])
  refused.reject(new Error('no'))
  await expect(answered.promise).resolves.toEqual(['a', [null, 7]])
  await expect(refused.promise).rejects.toThrow('no')
})

test('once it was answered, a small collection takes it', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void
  const oldBytes = (): number =>
    getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')!.space_used_size
  const some = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      const command = new SentCommand('get')
      command.resolve(`${n}`.padStart(200))
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
