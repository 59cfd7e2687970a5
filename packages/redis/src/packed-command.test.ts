// What goes over the socket is what ioredis itself would send.
import { Command } from 'ioredis'
import { expect, test } from 'vitest'
import { packed, type PackedArgs } from './packed-command.ts'

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
