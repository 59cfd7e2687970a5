/** Where in a cluster a hash tag is, and tags that lie evenly over it. */

export const SLOTS = 16_384

/** The slot of a hash tag, without its braces: CRC-16/XMODEM, as Redis Cluster counts it. */
export function slotOf(tag: string): number {
  let crc = 0
  for (const byte of new TextEncoder().encode(tag)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff
  }
  return crc % SLOTS
}

/**
 * The hash tag of one partition of many, in the middle of its share of the slots: where the nodes of a cluster have
 * slots in order and of each as many, partitions lie on as many nodes as there are, or on all. Never to be changed:
 * stored jobs go by it.
 */
export function tagOfPartition(store: string, index: number, count: number): string {
  const share = SLOTS / count
  const [from, to] = [(index + 1 / 4) * share, (index + 3 / 4) * share]
  for (let n = 0; ; n++) {
    const tag = `${store}:${index}${n === 0 ? '' : `.${n}`}`
    const slot = slotOf(tag)
    if (slot >= from && slot < to) return tag
  }
}
