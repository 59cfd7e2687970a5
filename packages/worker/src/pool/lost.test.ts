import { expect, test } from 'vitest'
import { lostFailure } from './lost.ts'

const died = { code: null, signal: null }
const said = (exit: Parameters<typeof lostFailure>[1], why: string | null = null, lastWords = '') =>
  lostFailure('process 7 that ran it', exit, why, lastWords)

test.each([
  [{ ...died, code: 3 }, null, '', 'ended with exit code 3'],
  [{ ...died, signal: 'SIGSEGV' }, null, '', 'ended with signal SIGSEGV'],
  [{ ...died, signal: 'SIGKILL' }, null, '', 'was killed by SIGKILL, maybe by the system for want of memory'],
  [{ ...died, signal: 'SIGKILL' }, 'it wrote too much', '', 'was ended: it wrote too much'],
  [
    { ...died, signal: 'SIGABRT' },
    null,
    'FATAL ERROR: … JavaScript heap out of memory',
    'ran out of memory (signal SIGABRT)',
  ],
  [
    { code: 1, signal: null, error: { name: 'TypeError', message: 'no' } },
    null,
    '',
    'ended with an error that nobody caught: TypeError: no',
  ],
])('%j says how it ended', (exit, why, lastWords, sentence) => {
  expect(said(exit, why, lastWords)).toMatchObject({
    name: 'WORKER_LOST',
    message: `The process 7 that ran it ${sentence}.`,
  })
})

test('what it wrote last is kept for operators, below the sentence', () => {
  expect(said({ ...died, code: 1 }, null, 'Error: out of nowhere').stack).toBe(
    'The process 7 that ran it ended with exit code 1.\nError: out of nowhere',
  )
  expect(said({ ...died, code: 1 })).not.toHaveProperty('stack')
})
