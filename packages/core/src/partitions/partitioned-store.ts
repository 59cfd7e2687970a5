/** The jobs of a queue over its partitions: finds out which one has to be asked. */
import { isLovageError, LovageError } from '../errors.ts'
import { enqueuedAtOf, newJobId } from '../id.ts'
import { refused } from '../refused.ts'
import type { Enqueued, NewJob, Store } from '../store.ts'
import { homeOf, idAt, PARTITIONS_MAX } from './ids.ts'
import { jointPage } from './joint-pages.ts'
import { jointCounts, jointDepths, jointInspection } from './joint-views.ts'
import type { Partition, PartitionedStore } from './partition.ts'
import { homeOfSchedule, homesOf } from './place.ts'
import { shareOf } from './shares.ts'

/**
 * A queue over these stores. Their number and their order are part of what is stored: jobs that are there already are
 * looked for elsewhere when these change.
 *
 * @param ready Resolves when a partition, known by its index, may be used; asked before each call until it has.
 * @throws LovageError `OPTION_INVALID`
 */
export function partitionedStore(
  stores: readonly Store[],
  ready: (index: number) => Promise<void> = async () => {},
): PartitionedStore {
  const count = stores.length
  if (count < 1 || count > PARTITIONS_MAX)
    refused('partitions', count, `a whole number from 1 to ${PARTITIONS_MAX}`)
  const isReady = stores.map(() => false)

  async function at(index: number): Promise<Store> {
    if (!isReady[index]) await ready(index)
    isReady[index] = true
    return stores[index] as Store
  }
  const everywhere = stores.map((_, index) => index)
  const all = <Reply>(ask: (store: Store, index: number) => Promise<Reply>): Promise<Reply[]> =>
    Promise.all(everywhere.map(async (index) => ask(await at(index), index)))
  /** An id that tells nothing may be anywhere. */
  const whereIs = (id: string): readonly number[] => {
    const home = homeOf(id, count)
    return home === undefined ? everywhere : [home]
  }
  /** Asks those that may have it, until one does. */
  async function first<Reply>(
    id: string,
    ask: (store: Store) => Promise<Reply>,
    isHit: (reply: Reply) => boolean,
  ) {
    let reply: Reply | undefined
    for (const index of whereIs(id)) {
      reply = await ask(await at(index))
      if (isHit(reply)) break
    }
    return reply as Reply
  }
  /** Gives each partition what may concern it, and gathers the answers. */
  async function spread<Item, Reply>(
    items: readonly Item[],
    idOf: (item: Item) => string,
    ask: (store: Store, items: Item[]) => Promise<Reply[]>,
  ): Promise<Reply[]> {
    const parts = everywhere.map((index) => items.filter((item) => whereIs(idOf(item)).includes(index)))
    const asked = everywhere.filter((index) => parts[index]?.length)
    return (
      await Promise.all(asked.map(async (index) => ask(await at(index), parts[index] as Item[])))
    ).flat()
  }

  async function enqueue(jobs: readonly NewJob[], replication?: Parameters<Store['enqueue']>[1]) {
    const homes = homesOf(jobs, count)
    const placed = placedJobs(jobs, homes, count)
    const asked = [...new Set(homes)]
    const replies = await Promise.allSettled(
      asked.map(async (home) =>
        (await at(home)).enqueue(
          placed.filter((_, n) => homes[n] === home),
          replication,
        ),
      ),
    )
    const answers = answersOf(replies)
    const lists = new Map(asked.map((home, n) => [home, (answers[n] as Enqueued[])[Symbol.iterator]()]))
    return homes.map((home) => lists.get(home)?.next().value as Enqueued)
  }

  return {
    name: nameOf(stores),
    partitions: stores.map((store, index): Partition => ({
      store,
      newId: () => idAt(newJobId(), index, count),
      shareOf: (rules) => shareOf(rules, index, count),
      keeps: (schedule) => homeOfSchedule(schedule, count) === index,
    })),
    indexOf: (id) => homeOf(id, count),
    idBeside(id, newId) {
      const home = homeOf(id, count)
      return home === undefined ? newId : idAt(newId, home, count)
    },
    enqueue,
    get: (id) =>
      first(
        id,
        (store) => store.get(id),
        (snapshot) => snapshot !== null,
      ),
    said: (id) =>
      first(
        id,
        (store) => store.said(id),
        (said) => said.length > 0,
      ),
    cancel: (request) =>
      first(
        request.id,
        (store) => store.cancel(request),
        ({ outcome }) => outcome !== 'missing',
      ),
    find: (search, options) =>
      jointPage(async (index, own) => (await at(index)).find(search, own), count, options),
    async last(task, owner) {
      const ids = await all((store) => store.last(task, owner))
      const known = ids.filter((id) => id !== null)
      return (
        known.toSorted((a, b) => (enqueuedAtOf(b) ?? 0) - (enqueuedAtOf(a) ?? 0) || (a < b ? 1 : -1))[0] ??
        null
      )
    },
    retry: (pairs) =>
      spread(
        pairs,
        ({ id }) => id,
        (store, own) => store.retry(own),
      ),
    discard: (ids) =>
      spread(
        ids,
        (id) => id,
        (store, own) => store.discard(own),
      ),
    async limit(rules) {
      const shares = everywhere.map((index) => shareOf(rules, index, count)) // all of them, before anything is set
      await all((store, index) => store.limit(shares[index] ?? []))
    },
    pause: async (target) => (await all((store) => store.pause(target))).includes(true),
    resume: async (target) => (await all((store) => store.resume(target))).includes(true),
    async paused() {
      const targets = (await all((store) => store.paused())).flat()
      const distinct = new Map(targets.map((target) => [JSON.stringify(target), target]))
      return [...distinct].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, target]) => target)
    },
    async putSchedule(schedule) {
      const home = homeOfSchedule(schedule, count)
      // It may have been at home elsewhere, before it had this job.
      const moved = await all((store, index) =>
        index === home ? Promise.resolve(false) : store.removeSchedule(schedule.name),
      )
      const put = await (await at(home)).putSchedule(schedule)
      return put === 'added' && moved.includes(true) ? 'changed' : put
    },
    removeSchedule: async (name) => (await all((store) => store.removeSchedule(name))).includes(true),
    schedules: async () =>
      (await all((store) => store.schedules())).flat().toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    counts: async () => jointCounts(await all((store) => store.counts())),
    depths: async () => jointDepths(await all((store) => store.depths())),
    inspect: async (options) =>
      jointInspection(await all((store) => store.inspect(options)), options.running),
    check: async () => [...new Set((await all((store) => store.check())).flat())],
    async close() {
      await Promise.all(stores.map((store) => store.close()))
    },
  }
}

/** Jobs with ids that lead to where they go. Those of a flow name each other. */
function placedJobs(jobs: readonly NewJob[], homes: readonly number[], count: number): NewJob[] {
  const ids = new Map(jobs.map(({ id }, n) => [id, idAt(id, homes[n] as number, count)]))
  return jobs.map((job) => {
    const id = ids.get(job.id) as string
    const parent = job.flow?.parent
    if (parent === undefined) return id === job.id ? job : { ...job, id }
    return { ...job, id, flow: { ...job.flow, parent: { ...parent, id: ids.get(parent.id) ?? parent.id } } }
  })
}

/** @throws what a partition answered; where several are not sure of their jobs, the ids of all of these */
function answersOf(replies: readonly PromiseSettledResult<Enqueued[]>[]): Enqueued[][] {
  const errors = replies.flatMap((reply): unknown[] => (reply.status === 'rejected' ? [reply.reason] : []))
  const unsure = errors.filter((error) => isLovageError(error, 'NOT_REPLICATED'))
  if (unsure.length < errors.length) throw errors.find((error) => !isLovageError(error, 'NOT_REPLICATED'))
  const [one] = unsure
  if (one !== undefined)
    throw new LovageError('NOT_REPLICATED', {
      ...one.details,
      ids: unsure.flatMap(({ details }) => details.ids),
    })
  return replies.flatMap((reply) => (reply.status === 'fulfilled' ? [reply.value] : []))
}

function nameOf(stores: readonly Store[]): string {
  const names = [...new Set(stores.map(({ name }) => name))]
  return names.length === 1 ? (names[0] as string) : `${stores.length} partitions: ${names.join('; ')}`
}

export { PARTITIONS_MAX } from './ids.ts'
