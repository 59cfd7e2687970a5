import { expectTypeOf, test } from 'vitest'
import type { Duration } from './duration.ts'

test('a duration is a number, or a number with a unit', () => {
  expectTypeOf<'250ms' | '10s' | '5m' | '1h' | '7d' | '2w' | '1.5s'>().toExtend<Duration>()
  expectTypeOf(1_500).toExtend<Duration>()
  expectTypeOf<'5'>().not.toExtend<Duration>()
  expectTypeOf<'5 parsecs'>().not.toExtend<Duration>()
  expectTypeOf<'soon'>().not.toExtend<Duration>()
  expectTypeOf<string>().not.toExtend<Duration>()
})
