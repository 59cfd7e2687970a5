import { LovageError } from '@lovage/core'
import { describe, expect, test } from 'vitest'
import type { Form } from './call.ts'
import type { Connection } from './connection.ts'
import { keysOf } from './keys.ts'
import { defineScript, headed, lua, runner } from './script.ts'

const SETTINGS = {
  now: '5',
  streamMaxLen: 1,
  prefix: '',
  resultPrefix: '',
  saidPrefix: '',
  ctlPrefix: '',
  resultsMax: 0,
  failedMax: 0,
  failedMaxAgeMs: 0,
  streamCap: 1,
  groupPrefix: '',
}

type ArgsOf = (form: Form) => unknown[]

const PLAIN = { keys: ['wait'], args: [], repeatable: true, decode: String } as const

describe('lua', () => {
  test('drops the indentation that the text has in TypeScript, and keeps the rest', () => {
    const inner = lua`
      local two = 2
    `
    const text = lua`
        ${inner}
        if two then
          return '\n'
        end
    `
    expect(text).toBe("local two = 2\nif two then\n  return '\\n'\nend")
  })
})

describe('a script', () => {
  const script = defineScript({
    name: 'example',
    keys: ['wait', 'jobs'],
    args: ['now', 'id'],
    repeatable: true,
    body: 'return { wait, id, ARGV[items + 1] }',
    decode: headed(['done', 'missing'], (word, rest) => ({ word, rest })),
  })

  test('names its keys and arguments in the order in which they are sent', async () => {
    expect(script.source.split('\n').slice(1)).toEqual([
      'local now, id = ARGV[1], ARGV[2]',
      'local wait, jobs = KEYS[1], KEYS[2]',
      'local items = 2',
      'local function body()',
      'return { wait, id, ARGV[items + 1] }',
      'end',
      'return body()',
      '',
    ])
    const sent: unknown[] = []
    const connection = {
      isCluster: false,
      script: async (args: ArgsOf, options: unknown, decode: (reply: unknown) => unknown) => {
        sent.push([args('sha'), options])
        return decode(['done', 1])
      },
    }
    const run = runner(connection as unknown as Connection, keysOf('ns', 'q'), SETTINGS)
    expect(await run(script, { id: 'a' }, ['first'])).toEqual({ word: 'done', rest: [1] })
    expect(sent).toEqual([
      [[script.sha, 2, '{ns:q}:wait:default', '{ns:q}:jobs', '5', 'a', 'first'], { repeatable: true }],
    ])

    connection.isCluster = true
    await run(script, { id: 'a' }, ['first'])
    expect(sent[1]).toMatchObject([
      [script.sha, 3, '{ns:q}:wait:default', '{ns:q}:jobs', '{ns:q}:guard', '5', 'a', 'first'],
      { repeatable: true },
    ])
  })

  test('sends another one again, where it may have been carried out; not where it was unknown to the server', async () => {
    const careful = defineScript({ ...PLAIN, name: 'careful', body: "return 'careful'" })
    const quick = defineScript({ ...PLAIN, name: 'quick', body: "return 'quick'", again: careful })
    const sent: unknown[] = []
    let isKnown = true
    let sends = 1
    const call = async (args: ArgsOf) => {
      const send = (form: Form): void => {
        for (let n = 0; n < sends; n++) sent.push(args(form)[0])
      }
      send('sha')
      if (!isKnown) send('source')
      isKnown = true
      return 'done'
    }
    const run = runner(
      { isCluster: false, script: call } as unknown as Connection,
      keysOf('ns', 'q'),
      SETTINGS,
    )

    await run(quick, {})
    expect(sent.splice(0)).toEqual([quick.sha])
    isKnown = false
    await run(quick, {})
    expect(sent.splice(0)).toEqual([quick.sha, quick.source])
    sends = 2
    await run(quick, {})
    expect(sent.splice(0)).toEqual([quick.sha, careful.sha])
    isKnown = false
    await run(quick, {})
    expect(sent.splice(0)).toEqual([quick.sha, careful.sha, careful.source, careful.source])
  })

  describe('with commands ahead of it', () => {
    const looks = defineScript({ ...PLAIN, name: 'looks', body: "return 'looked'" })
    const rings = defineScript({
      ...PLAIN,
      name: 'rings',
      body: "return 'rung'",
      again: looks,
      ahead: (keys, items) => ({ commands: [['rpush', [keys.wait, ...items]]], items: [items.length] }),
    })

    test('is one transaction, by its text; and alone the other one, where that may have been carried out', async () => {
      const sent: unknown[] = []
      let sends = 1
      const together = async (calls: () => unknown[]) => {
        for (let n = 0; n < sends; n++) sent.push(calls())
        return sends === 1 ? ['OK', 'QUEUED', 'QUEUED', [2, 'done']] : ['done']
      }
      const run = runner({ isCluster: false, together } as unknown as Connection, keysOf('ns', 'q'), SETTINGS)
      const transaction = [
        ['multi', []],
        ['rpush', ['{ns:q}:wait:default', 'a', 'b']],
        ['eval', [rings.source, 1, '{ns:q}:wait:default', 2]],
        ['exec', []],
      ]
      expect(await run(rings, {}, ['a', 'b'])).toBe('done')
      expect(sent.splice(0)).toEqual([transaction])
      sends = 2
      expect(await run(rings, {}, ['a', 'b'])).toBe('done')
      expect(sent).toEqual([transaction, [['eval', [looks.source, 1, '{ns:q}:wait:default', 'a', 'b']]]])
    })

    test('is the other one from then on, once a transaction was refused', async () => {
      const sent: unknown[] = []
      const refusal = new Error("NOPERM User old has no permissions to run the 'multi' command")
      const connection = {
        isCluster: false,
        together: async (calls: () => unknown[]) => {
          sent.push(calls().length)
          throw new LovageError('STORE_UNAVAILABLE', { store: 'Redis', cause: '' }, { cause: refusal })
        },
        script: async (args: ArgsOf) => {
          sent.push(args('sha')[0])
          return 'done'
        },
      }
      const run = runner(connection as unknown as Connection, keysOf('ns', 'q'), SETTINGS)
      expect([await run(rings, {}, ['a']), await run(rings, {}, ['b'])]).toEqual(['done', 'done'])
      expect(sent).toEqual([4, looks.sha, looks.sha])
    })
  })

  test('answers in the words that it knows; another one is a mistake in the script', () => {
    expect(script.decode('missing')).toEqual({ word: 'missing', rest: [] })
    expect(() => script.decode(['gone'])).toThrow(LovageError)
    expect(() => script.decode(-1)).toThrow('A script answered -1; expected done, missing.')
  })
})
