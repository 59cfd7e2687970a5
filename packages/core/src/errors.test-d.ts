import { expectTypeOf, test } from 'vitest'
import { type ErrorCode, isLovageError, LovageError } from './errors.ts'
import type { Issue } from './schema.ts'

declare const error: unknown

test('a code narrows the details', () => {
  if (isLovageError(error, 'INPUT_INVALID')) {
    expectTypeOf(error).toEqualTypeOf<LovageError<'INPUT_INVALID'>>()
    expectTypeOf(error.details).toEqualTypeOf<{ task: string; issues: readonly Issue[] }>()
    // @ts-expect-error another code's detail
    void error.details.id
  }
})

test('a switch over the code narrows the details', () => {
  if (isLovageError(error)) {
    expectTypeOf(error.code).toEqualTypeOf<ErrorCode>()
    switch (error.code) {
      case 'RESULT_TIMEOUT':
        expectTypeOf(error.details.waitedMs).toEqualTypeOf<number>()
        break
      case 'JOB_CANCELLED':
        expectTypeOf(error.details.by).toEqualTypeOf<string | null>()
        break
      default:
    }
  }
})

test('an error is made with just the details of its code', () => {
  new LovageError('NOT_FOUND', { id: 'x' })
  // @ts-expect-error the details are those of another code
  new LovageError('NOT_FOUND', { task: 'x' })
  // @ts-expect-error there is no such code
  new LovageError('NO_LUCK', {})
  // @ts-expect-error nothing is narrowed by a code that does not exist
  isLovageError(error, 'NO_LUCK')
})
