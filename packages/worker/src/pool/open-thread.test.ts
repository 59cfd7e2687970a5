import { expect, test } from 'vitest'
import { preloads } from './open-thread.ts'

test('a thread is given what a program has added to be loaded first, with what else a thread may have', () => {
  const own = [
    '--max-old-space-size=64',
    '-C',
    'dev',
    '--inspect',
    '--enable-source-maps',
    '--import',
    'file:///pre.js',
  ]
  expect(preloads(own)).toEqual({
    execArgv: ['-C', 'dev', '--enable-source-maps', '--import', 'file:///pre.js'],
  })
  expect(preloads(['--import=tsx'])).toEqual({ execArgv: ['--import=tsx'] })
})

test('where there is nothing to be loaded first it keeps what threads have by themselves', () => {
  expect(preloads([])).toEqual({})
  expect(preloads(['--enable-source-maps', '--conditions', 'dev'])).toEqual({})
})
