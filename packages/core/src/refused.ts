import { LovageError } from './errors.ts'

const SHOWN_LENGTH = 80

/** Throws what is thrown for an option that cannot be, with what was seen, short enough for a message. */
export function refused(option: string, seen: unknown, expected: string): never {
  throw new LovageError('OPTION_INVALID', { option, seen: shown(seen), expected })
}

function shown(seen: unknown): string {
  if (seen === undefined) return 'absent'
  if (Array.isArray(seen)) return `a list of ${seen.length}`
  if (seen instanceof Date) return Number.isNaN(seen.getTime()) ? 'an invalid Date' : seen.toISOString()
  if (typeof seen === 'string' && Number.isFinite(Number(seen))) return JSON.stringify(seen) // a text where a number was meant
  if (typeof seen === 'string') return seen.length > SHOWN_LENGTH ? `${seen.slice(0, SHOWN_LENGTH)}…` : seen
  if (seen === null || typeof seen === 'number' || typeof seen === 'boolean') return String(seen)
  return typeof seen === 'object' ? 'an object' : `a ${typeof seen}`
}
