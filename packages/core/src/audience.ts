/**
 * Who is to be told of a record. Each subscriber stands under what is rarest of all that he asks for, so that a record
 * is compared with those few who may want it, and not with everybody.
 */
import { FreshMap } from './fresh-map.ts'
import type { StoredNotice } from './store.ts'
import { type Match, matches, type Subscriber } from './subscriber.ts'
import { Unordered } from './unordered.ts'

/** By what a subscriber can be found, the rarest first: all that a record says of itself exactly once. */
const TRAITS = {
  jobId: { of: (record: StoredNotice) => record.jobId, in: ({ jobId }: Match) => one(jobId) },
  owner: { of: (record: StoredNotice) => record.owner, in: ({ owner }: Match) => one(owner) },
  task: { of: (record: StoredNotice) => record.task, in: ({ tasks }: Match) => tasks },
  type: { of: (record: StoredNotice) => record.type, in: ({ types }: Match) => types },
} as const satisfies Record<string, Trait>

interface Trait {
  of: (record: StoredNotice) => string | null
  in: (match: Match) => Iterable<string> | undefined
}

const one = (value: string | undefined): readonly string[] | undefined =>
  value === undefined ? undefined : [value]

/** Of most jobs there is one who waits: a set for each would be as much work as all the rest. */
type Shelf = FreshMap<string, Subscriber | Set<Subscriber>>

export class Audience {
  readonly #all = new Unordered<Subscriber>()
  /** Those who want everything. */
  readonly #unbound = new Set<Subscriber>()
  readonly #shelves = Object.values(TRAITS).map((trait: Trait): { trait: Trait; shelf: Shelf } => ({
    trait,
    shelf: new FreshMap(),
  }))

  get size(): number {
    return this.#all.size
  }

  add(subscriber: Subscriber): void {
    this.#all.add(subscriber)
    if (!this.#place(subscriber, put)) this.#unbound.add(subscriber)
  }

  /** Does nothing the second time. */
  delete(subscriber: Subscriber): void {
    if (!this.#all.delete(subscriber)) return
    if (!this.#place(subscriber, take)) this.#unbound.delete(subscriber)
  }

  /** @param told Gets those who have to be told of it (`tell`). */
  push(record: StoredNotice, told: Subscriber[]): void {
    for (const subscriber of this.#unbound) if (subscriber.push(record)) told.push(subscriber)
    for (const { trait, shelf } of this.#shelves) {
      if (shelf.size === 0) continue
      const key = trait.of(record)
      const peers = key === null ? undefined : shelf.get(key)
      if (peers === undefined) continue
      if (!(peers instanceof Set)) tellOf(record, peers, told)
      else for (const subscriber of peers) tellOf(record, subscriber, told)
    }
  }

  [Symbol.iterator](): Iterator<Subscriber> {
    return this.#all[Symbol.iterator]()
  }

  /** Puts him where he can be found, or takes him from there. Answers whether there is such a place. */
  #place(subscriber: Subscriber, act: typeof put): boolean {
    for (const { trait, shelf } of this.#shelves) {
      const keys = trait.in(subscriber.match)
      if (keys === undefined) continue
      for (const key of keys) act(shelf, key, subscriber)
      return true
    }
    return false
  }
}

function tellOf(record: StoredNotice, subscriber: Subscriber, told: Subscriber[]): void {
  if (matches(subscriber.match, record) && subscriber.push(record)) told.push(subscriber)
}

function put(shelf: Shelf, key: string, subscriber: Subscriber): void {
  const peers = shelf.get(key)
  if (peers instanceof Set) peers.add(subscriber)
  else shelf.set(key, peers === undefined ? subscriber : new Set([peers, subscriber]))
}

function take(shelf: Shelf, key: string, subscriber: Subscriber): void {
  const peers = shelf.get(key)
  if (peers instanceof Set) peers.delete(subscriber)
  if (peers === subscriber || (peers instanceof Set && peers.size === 0)) shelf.delete(key)
}
