/**
 * The slots of a worker. Where its queue is partitioned, the partitions share them: each may claim whatever the others
 * have no use for, and while several have more work than slots each of them gets as many as the others. Of few slots
 * they take turns.
 */
export interface Sharer {
  /** Slots that its jobs take. */
  taken: () => number
  /** It may have work for more slots, as far as it knows. */
  isHungry: () => boolean
  /** Others have taken slots, or left some. */
  onChange: () => void
}

export class Slots {
  readonly #count: number
  readonly #shares: Share[] = []
  #turn = 0

  constructor(count: number) {
    this.#count = count
  }

  share(sharer: Sharer): Share {
    const share = new Share(this, sharer)
    this.#shares.push(share)
    return share
  }

  get isFull(): boolean {
    return this.#shares.reduce((sum, { sharer }) => sum + sharer.taken(), 0) >= this.#count
  }

  /** Whether nothing runs, and all that will be claimed is claimed by one share. */
  get isUnused(): boolean {
    return this.#shares.length === 1 && this.#shares[0]?.sharer.taken() === 0
  }

  freeFor(share: Share): number {
    if (this.#shares.length === 1) return Math.max(0, this.#count - share.used)
    const free = this.#shares.reduce((rest, { used }) => rest - used, this.#count)
    const others = this.#shares.filter((other) => other !== share && other.sharer.isHungry())
    if (others.length === 0 || free <= 0) return Math.max(0, free)
    return dealt(free, share, others)
  }

  nextTurn(): number {
    this.#turn += 1
    return this.#turn
  }

  tellOthers(than: Share): void {
    for (const share of this.#shares) if (share !== than) share.sharer.onChange()
  }
}

/** How many come to one of those who want more, dealt one by one to whoever has the fewest, or has waited longest. */
function dealt(free: number, one: Share, others: readonly Share[]): number {
  const hands = [one, ...others].map((share) => ({ share, count: share.used }))
  for (let n = 0; n < free; n++) {
    const next = hands.reduce((least, hand) =>
      hand.count < least.count || (hand.count === least.count && hand.share.servedAt < least.share.servedAt)
        ? hand
        : least,
    )
    next.count += 1
  }
  return (hands[0] as { count: number }).count - one.used
}

/** What one partition may take of them. */
export class Share {
  readonly sharer: Sharer
  readonly #slots: Slots
  #reserved = 0
  servedAt = 0

  constructor(slots: Slots, sharer: Sharer) {
    this.#slots = slots
    this.sharer = sharer
  }

  /** Those that it may claim jobs for now. */
  get free(): number {
    return this.#slots.freeFor(this)
  }

  /** Whether no slot of the worker is free. */
  get isFull(): boolean {
    return this.#slots.isFull
  }

  /** Whether no other shares the slots, and none is taken. */
  get isUnused(): boolean {
    return this.#slots.isUnused
  }

  get used(): number {
    return this.sharer.taken() + this.#reserved
  }

  /** Keeps so many, and no others, for jobs that are being claimed. */
  reserve(count: number): void {
    this.#reserved = count
    if (count > 0) this.servedAt = this.#slots.nextTurn()
  }

  /** Some were taken, or are free again. */
  changed(): void {
    this.#slots.tellOthers(this)
  }
}
