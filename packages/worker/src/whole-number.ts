import { LovageError } from '@lovage/core'

/** @throws LovageError `OPTION_INVALID` */
export function wholeNumber(option: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value
  throw new LovageError('OPTION_INVALID', { option, seen: String(value), expected: 'a whole number from 1' })
}
