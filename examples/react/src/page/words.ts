// Numbers in sentences.

const number = new Intl.NumberFormat('en')
const percentage = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 0 })

export const grouped = (value: number): string => number.format(value)
export const percent = (share: number): string => percentage.format(share)

/** "1 job", "2,000 jobs". */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${grouped(count)} ${count === 1 ? one : many}`
