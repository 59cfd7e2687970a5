import type { Colours } from './output.ts'

/** Green is an end that was wanted, red one that was not, yellow what may need a look, the rest is on its way. */
export function colourOf(state: string, colours: Colours): (text: string) => string {
  switch (state) {
    case 'succeeded':
      return colours.green
    case 'failed':
    case 'gap':
      return colours.red
    case 'retrying':
    case 'cancelled':
    case 'expired':
      return colours.yellow
    case 'running':
    case 'started':
      return colours.cyan
    default:
      return colours.dim
  }
}
