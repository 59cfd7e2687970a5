// Whatever pieces an answer comes in, it is the same.
import { ReplyError } from 'ioredis'
import { expect, test } from 'vitest'
import { Answers } from './answers.ts'

const long = 'x'.repeat(2_000)

const ANSWERS: [what: string, sent: string, answer: unknown][] = [
  ['a text', '$5\r\nplain\r\n', 'plain'],
  ['an empty text', '$0\r\n\r\n', ''],
  ['line feeds in a text', '$6\r\na\r\n$1\r\r\n', 'a\r\n$1\r'],
  ['characters of two, three and four bytes', '$9\r\nä€😀\r\n', 'ä€😀'],
  ['a long text', `$2000\r\n${long}\r\n`, long],
  ['nothing', '$-1\r\n', null],
  ['no list', '*-1\r\n', null],
  ['numbers', '*3\r\n:0\r\n:-12\r\n:1795894175959\r\n', [0, -12, 1_795_894_175_959]],
  ['a status', '+OK\r\n', 'OK'],
  ['an error', '-ERR nö\r\n', new ReplyError('ERR nö')],
  [
    'lists in lists',
    '*1\r\n*2\r\n$4\r\nfeed\r\n*2\r\n*0\r\n*2\r\n$3\r\nseq\r\n$1\r\n1\r\n',
    [['feed', [[], ['seq', '1']]]],
  ],
  [
    'what a transaction answers',
    '*4\r\n:1\r\n-WRONGTYPE no\r\n$-1\r\n*-1\r\n',
    [1, new ReplyError('WRONGTYPE no'), null, null],
  ],
]

const heard = (chunks: Iterable<Buffer>): unknown[] => {
  const all: unknown[] = []
  const answers = new Answers((answer) => all.push(answer))
  for (const chunk of chunks) {
    const reused = Buffer.from(chunk)
    answers.read(reused)
    reused.fill(0)
  }
  return all
}

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

test.each(ANSWERS)('%s', (_what, sent, answer) => {
  const bytes = Buffer.from(sent)
  expect(heard([bytes])).toEqual([answer])
  expect(heard(pieces(bytes, 1))).toEqual([answer])
  for (let cut = 1; cut < Math.min(bytes.length, 100); cut++)
    expect(heard([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual([answer])
})

test('many in one piece, and in pieces of each size', () => {
  const bytes = Buffer.from(ANSWERS.map(([, sent]) => sent).join(''))
  const all = ANSWERS.map(([, , answer]) => answer)
  for (const size of [bytes.length, 1, 7, 64, 1_000]) expect(heard(pieces(bytes, size))).toEqual(all)
})

test('what is no answer of such a server is refused', () => {
  expect(() => heard([Buffer.from('HTTP/1.1 400 Bad Request\r\n')])).toThrow('HTTP/1.1 400')
})

test('a text of some megabytes is put together once', () => {
  const text = 'ä'.repeat(2_000_000)
  expect(heard(pieces(Buffer.from(`$4000000\r\n${text}\r\n+OK\r\n`), 65_536))).toEqual([text, 'OK'])
})
