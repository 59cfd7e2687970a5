/** Texts for a person's terminal. */
import { encode } from '@lovage/core'
import { harmless } from '@lovage/core/harmless'

/**
 * A value as plain JSON keeps it, and as it rests in Redis: dates and bigints as strings, maps and sets as arrays;
 * `null` for what is absent.
 */
export const plain = (value: unknown): unknown => JSON.parse(encode(value).json) as unknown

export const oneLine = (value: unknown): string => harmless(JSON.stringify(plain(value)))

/** `2026-11-21 11:20:03.123`, in local time. */
export function dateTime(ms: number): string {
  const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000)
  return date.toISOString().replace('T', ' ').replace('Z', '')
}

/** `11:20:03.123`, in local time. */
export const timeOfDay = (ms: number): string => dateTime(ms).slice(11)

/** Cut to so many columns, with a sign that it was. */
export const cut = (text: string, columns: number): string =>
  text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`
