/**
 * The partitions of a queue as if they were one store: a worker that has a session in each of them under one name, and a
 * reader of all their feeds. So the contract of a store can be asked of them, as far as it holds for them together.
 */
import {
  type Page,
  type PartitionedStore,
  START,
  type StepReply,
  type StepRequest,
  type Store,
  type StoredNotice,
  type Wake,
} from '@lovage/core'

export function asOne(partitioned: PartitionedStore): Store {
  const stores = partitioned.partitions.map(({ store }) => store)
  const all = <Reply>(ask: (store: Store) => Promise<Reply>): Promise<Reply[]> => Promise.all(stores.map(ask))
  /** What is lost everywhere: a job is in one of them, and unknown to the others. */
  const lostInAll = (replies: readonly { lost: string[] }[]): { lost: string[] } => {
    const [first, ...others] = replies.map(({ lost }) => lost)
    const rest = others.map((lost) => [...lost])
    const take = (from: string[], id: string): boolean => {
      const at = from.indexOf(id)
      if (at !== -1) from.splice(at, 1)
      return at !== -1
    }
    return { lost: first!.filter((id) => rest.map((lost) => take(lost, id)).every(Boolean)) }
  }

  async function step({ claim, ...request }: StepRequest): Promise<StepReply> {
    const replies: StepReply[] = []
    let left = claim
    for (const store of stores) {
      const reply = await store.step({ ...request, claim: left })
      left -= reply.claimed.length
      replies.push(reply)
    }
    const due = replies.flatMap(({ nextDueMs }) => nextDueMs ?? [])
    return {
      alive: replies.every(({ alive }) => alive),
      ...lostInAll(replies),
      claimed: replies.flatMap(({ claimed }) => claimed),
      nextDueMs: due.length === 0 ? null : Math.min(...due),
      ticks: replies.flatMap(({ ticks }) => ticks),
    }
  }

  async function wait(session: string, { signal, ...options }: Parameters<Store['wait']>[1]): Promise<Wake> {
    const own = new AbortController()
    const waits = stores.map((store) =>
      store.wait(session, { ...options, signal: AbortSignal.any([signal, own.signal]) }),
    )
    await Promise.race(waits)
    own.abort()
    const wakes = await Promise.all(waits)
    return {
      work: wakes.some(({ work }) => work),
      cancelled: wakes.flatMap(({ cancelled }) => cancelled),
    }
  }

  /** From the beginning, in the order of time as far as the clocks of the partitions agree. */
  async function range(after: string, limit: number): Promise<Page> {
    const places = after === START ? stores.map(() => START) : after.split(',')
    const pages = await Promise.all(stores.map((store, n) => store.range(places[n]!, limit)))
    const notices: StoredNotice[] = pages.flatMap(({ notices }) => notices).toSorted((a, b) => a.at - b.at)
    return {
      notices,
      missed: pages.reduce((sum, { missed }) => sum + missed, 0),
      cursor: pages.map(({ cursor }) => cursor).join(','),
      end: pages.every(({ end }) => end),
    }
  }

  return {
    ...partitioned,
    get consumers(): never {
      throw new Error('A group of consumers is one in each partition: test/core/partitions.test.ts.')
    },
    live() {
      throw new Error('A feed is one of each partition: test/core/partitions.test.ts.')
    },
    tail: async () => (await all((store) => store.tail())).join(','),
    range,
    join: async (request) => lostInAll(await all((store) => store.join(request))),
    async extend(session, leaseMs) {
      const replies = await all((store) => store.extend(session, leaseMs))
      return {
        alive: replies.every(({ alive }) => alive),
        reaped: Math.max(...replies.map(({ reaped }) => reaped)),
      }
    },
    step,
    wait,
    progress: async (session, reports) => lostInAll(await all((store) => store.progress(session, reports))),
    say: async (session, reports) => lostInAll(await all((store) => store.say(session, reports))),
    async handBack(session, holds) {
      await all((store) => store.handBack(session, holds))
    },
    async leave(session) {
      const replies = await all((store) => store.leave(session))
      return { returned: replies.reduce((sum, { returned }) => sum + returned, 0) }
    },
    keepAlive(session, { leaseMs, onLost }) {
      let isLost = false
      const once = (): void => {
        if (!isLost) onLost()
        isLost = true
      }
      const stops = stores.map((store) => store.keepAlive(session, { leaseMs, onLost: once }))
      return async () => void (await Promise.all(stops.map((stop) => stop())))
    },
    async pulse(session, pulse) {
      const replies = await all((store) => store.pulse(session, pulse))
      return { alive: replies.every(({ alive }) => alive) }
    },
    async fire(request) {
      const replies = await all((store) => store.fire(request))
      return replies.find(({ outcome }) => outcome === 'fired') ?? { outcome: 'stale' }
    },
  }
}
