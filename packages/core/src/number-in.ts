/**
 * A whole number out of the middle of a text, digit by digit: a pattern took more than twice as long, and `Number` of a part
 * is a call of V8's runtime. Of a lone job a caller and a worker read a dozen.
 */

const DIGITS_MAX = 16

/** Below zero where there is none: no digit, something else than digits, or more than sixteen of them. */
export function numberIn(text: string, from: number, to: number): number {
  const length = to - from
  if (length < 1 || length > DIGITS_MAX) return -1
  let value = 0
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return length < DIGITS_MAX ? value : Number(text.slice(from, to)) // one of 16 may be no exact number
}
