// Numbers as a reader wants them.

const blocks = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** A bar of `width` places, filled from the left to an eighth of a place; `empty` fills the rest. */
export function bar(share: number, width: number, empty = ' '): string {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * width * 8)
  const filled = '█'.repeat(Math.floor(eighths / 8)) + blocks[eighths % 8]
  return filled + empty.repeat(width - filled.length)
}

/** 63005 is "63,005". */
export const grouped = (count: number): string => count.toLocaleString('en-US')

/** 0.9343 is "93.4 %". */
export const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)} %`

/** 12.34 is "12 ms", 1534 is "1.53 s". */
export function took(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`
}
