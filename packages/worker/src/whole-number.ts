import { LovageError } from '@lovage/core'

/** @throws LovageError `OPTION_INVALID` */
export function wholeNumber(option: string, value: number, from = 1): number {
  if (Number.isInteger(value) && value >= from) return value
  throw new LovageError('OPTION_INVALID', {
    option,
    seen: String(value),
    expected: `a whole number from ${from}`,
  })
}
