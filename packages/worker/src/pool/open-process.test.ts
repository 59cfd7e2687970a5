import { expect, test } from 'vitest'
import { execArgvOf } from './open-process.ts'

test('a child runs with the flags of its worker, but for those that only one process can have', () => {
  const own = ['--import', 'tsx', '--inspect=9229', '-e', 'run()', '--watch', '--enable-source-maps']
  expect(execArgvOf(own, undefined)).toEqual(['--import', 'tsx', '--enable-source-maps'])
})

test('the heap of a child is limited in MiB', () => {
  expect(execArgvOf([], 64 * 1024 * 1024)).toEqual(['--max-old-space-size=64'])
  expect(execArgvOf([], 1)).toEqual(['--max-old-space-size=1'])
})
