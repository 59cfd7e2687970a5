// Cuts the corpus into jobs: neighbouring addresses of one president.
import type { Address } from './corpus.ts'

export interface Batch {
  /** "George Washington", "Abraham Lincoln". */
  readonly president: string
  /** Whole addresses in the order of their years; an address is never split. At least one. */
  readonly addresses: readonly Address[]
  /** Of all addresses, one after the other. */
  readonly texts: readonly string[]
}

/**
 * Enough work for a bar to be seen moving, and at most 460 kB of text: well under the 1 MiB that a queue
 * takes by default. An address that is longer by itself would be a batch of its own; the longest has 1,327.
 */
const mostSentences = 2500

export function batchesOf(addresses: readonly Address[], most = mostSentences): Batch[] {
  const groups: Address[][] = []
  let open: Address[] = []
  for (const address of addresses) {
    const first = open[0]
    const fits = count(open) + address.sentences.length <= most
    if (first === undefined || first.president !== address.president || !fits) groups.push((open = []))
    open.push(address)
  }
  return groups.map((group) => {
    return {
      president: group[0]!.president,
      addresses: group,
      texts: group.flatMap((address) => address.sentences),
    }
  })
}

/** "1790–1796", or "1881" when it is one year. */
export function yearsOf({ addresses }: Batch): string {
  const first = addresses[0]!.year
  const last = addresses.at(-1)!.year
  return first === last ? String(first) : `${first}–${last}`
}

const count = (addresses: readonly Address[]): number =>
  addresses.reduce((sum, address) => sum + address.sentences.length, 0)
