import { expect, test } from 'vitest'
import { handlerModule, isHandlerModule } from './handler-module.ts'

test('names a file, by its URL or its whole path', () => {
  expect(handlerModule(new URL('file:///app/score.ts')).url).toBe('file:///app/score.ts')
  expect(handlerModule('file:///app/score.ts').url).toBe('file:///app/score.ts')
  expect(handlerModule('/app/score.ts').url).toBe('file:///app/score.ts')
})

test('refuses what it cannot find', () => {
  expect(() => handlerModule('./score.ts')).toThrow("pass new URL('./…', import.meta.url)")
  expect(() => handlerModule('https://example.com/score.js')).toThrow('takes a file')
})

test('limits nothing but output and start unless told to', () => {
  expect(handlerModule('/app/score.ts').limits).toEqual({
    size: undefined,
    maxJobs: Infinity,
    maxMemoryBytes: Infinity,
    maxAgeMs: Infinity,
    maxHeapBytes: undefined,
    maxOutputBytes: 16_777_216,
    startTimeoutMs: 60_000,
  })
  const limits = { size: 2, maxJobs: 100, maxAge: '1h', maxMemoryBytes: 1e9 } as const
  expect(handlerModule('/app/score.ts', limits).limits).toMatchObject({
    size: 2,
    maxJobs: 100,
    maxAgeMs: 3_600_000,
    maxMemoryBytes: 1_000_000_000,
  })
})

test.each([{ size: 0 }, { maxJobs: 1.5 }, { maxMemoryBytes: -1 }, { maxAge: 0 }, { maxHeapBytes: 0 }])(
  'refuses %j and names the option',
  (options) => {
    expect(() => handlerModule('/app/score.ts', options)).toThrow(Object.keys(options)[0])
  },
)

test('is known by what it is', () => {
  expect(isHandlerModule(handlerModule('/app/score.ts'))).toBe(true)
  expect([null, undefined, () => {}, {}, { kind: 'task' }].map(isHandlerModule)).toEqual(Array(5).fill(false))
})
