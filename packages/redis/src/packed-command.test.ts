// What goes over the socket is what ioredis itself would write.
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
