/** What is to happen to whom, and when: earliest first, in the same ms by id. */
export class Agenda {
  readonly #at = new Map<string, number>()
  #entries: { id: string; at: number }[] = []

  set(id: string, at: number): void {
    this.delete(id)
    this.#at.set(id, at)
    const before = this.#entries.findLastIndex((other) => other.at < at || (other.at === at && other.id < id))
    this.#entries.splice(before + 1, 0, { id, at })
  }

  delete(id: string): void {
    if (this.#at.delete(id)) this.#entries = this.#entries.filter((other) => other.id !== id)
  }

  /** Takes out what has come. */
  due(now: number): string[] {
    const notDue = this.#entries.findIndex(({ at }) => at > now)
    const due = this.#entries.splice(0, notDue === -1 ? this.#entries.length : notDue)
    for (const { id } of due) this.#at.delete(id)
    return due.map(({ id }) => id)
  }

  /** Infinity when there is nothing. */
  get nextAt(): number {
    return this.#entries[0]?.at ?? Infinity
  }
}
