import { expect, test } from 'vitest'
import { Attempt } from './attempt.ts'
import { contextOf } from './context.ts'

const said: unknown[] = []
const reports = {
  report: (_: Attempt, value: unknown) => void said.push(value),
  log: (_: Attempt, ...line: unknown[]) => void said.push(line),
  chunk: (_: Attempt, text: string) => void said.push(text),
}

function context() {
  const claimed = { task: 'score', owner: null, options: {}, input: { json: '1' }, claimedAt: 7, attempt: 1 }
  const id = '00000000-0005-7000-8000-000000000000' // of 5 ms after the beginning of time
  const attempt = new Attempt({ id, ...claimed }, undefined as never, undefined as never, 7)
  return { attempt, context: contextOf(attempt, reports) }
}

test.each([
  ['itself', (whole) => whole],
  ['its parts', ({ job, progress, log, chunk, signal }) => ({ job, progress, log, chunk, signal })],
  ['a copy', (whole) => ({ ...whole })],
  ['a proxy', (whole) => new Proxy(whole, {})],
  ['an heir', (whole) => Object.create(whole) as typeof whole],
] satisfies [string, (whole: ReturnType<typeof contextOf>) => ReturnType<typeof contextOf>][])(
  'a handler may work with %s',
  (_, form) => {
    const { attempt, context: whole } = context()
    const { job, progress, log, chunk, signal } = form(whole)
    expect(job).toEqual({ id: attempt.claimed.id, task: 'score', attempt: 1, owner: null, enqueuedAt: 5 })
    said.length = 0
    progress(1)
    log('loaded', { ms: 3 })
    log.warn('slow')
    chunk('text')
    expect(said).toEqual([1, ['info', 'loaded', { ms: 3 }], ['warn', 'slow', undefined], 'text'])
    attempt.abort({ type: 'shutdown' })
    expect(signal.reason).toEqual({ type: 'shutdown' })
    expect([whole.log, whole.signal]).toEqual([log, signal])
  },
)
