/** After the faults: all works again, so everything that was begun must come to its end; then the last looks. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isLovageError, type Queue } from '@lovage/core'
import { createQueue } from '@lovage/server'
import type { Redis } from 'ioredis'
import { all, type Entry, readHistory, type Scribe } from '../history.ts'
import { TICK_MS, tasks } from '../tasks.ts'
import type { Auditor } from './auditor.ts'
import { leftovers } from './leftovers.ts'
import { takeNewer } from './newer.ts'
import { type ChaosRedis, tailOf } from './redis.ts'
import type { Actor } from './troupe.ts'

const LEAVE_MS = 20_000
const LOOK_MS = 250

export interface CalmOptions {
  redis: ChaosRedis
  actors: ReadonlyMap<string, Actor>
  /** One for each partition. */
  auditors: readonly Auditor[]
  folder: string
  namespace: string
  /** The hash tag of each partition. */
  tags: readonly string[]
  scribe: Scribe
  firstTick: number
  /** The id of the job of a newer version. */
  newer: string
  /**
   * How long each thing may take to come to its end: longer than any lease, delay, backoff, wait for an ack and pause between
   * two attempts to connect together, on a machine that has time for all of them.
   */
  calmMs: number
}

export async function calm(options: CalmOptions): Promise<void> {
  const { redis, actors, auditors, folder, namespace, tags, scribe, firstTick, newer, calmMs } = options
  const queue = createQueue({
    tasks,
    redis: `redis://127.0.0.1:${redis.port}`,
    namespace,
    partitions: tags.length,
    onWarning: () => {},
  })
  const of = (role: string): Actor[] => [...actors.values()].filter(({ part }) => part.role === role)
  async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const lateAt = performance.now() + calmMs
    while (!(await isSo())) {
      if (performance.now() > lateAt) return scribe.write('stuck', { what })
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }

  try {
    for (const producer of of('producer')) producer.order({ order: 'finish' })
    await until('producers, or what they follow', () => of('producer').every(({ isThere }) => !isThere))
    const history = readHistory(folder)
    const open = new Set(all(history, 'accepted').map(({ id }) => id))
    const lastLossAt = all(history, 'lost').at(-1)?.at ?? 0
    const hasLost = lastLossAt > 0
    await until('jobs', async () => {
      for (const id of open)
        if (auditors.some(({ ended }) => ended.has(id)) || (hasLost && (await isGone(queue, id))))
          open.delete(id)
      return open.size === 0
    })
    // Others may have done its work.
    for (const { who } of of('worker'))
      await until(`${who}, to join again`, async () => (await joined(queue)).has(who))
    // Without workers there are no more ticks, so that the feed has an end; what was due last is taken away.
    await Promise.all(of('worker').map((worker) => worker.leave(LEAVE_MS)))
    const last = (await tickOf(redis.admin, tags)) ?? 0
    scribe.write('ticks', { schedule: 'tick', everyMs: TICK_MS, first: firstTick, last })
    await takeNewer(redis.admin, tags[0] as string, newer, scribe)
    await queue.purge({ task: 'tick' })
    await until('jobs that nobody knows of', async () => (await living(queue)) === 0)
    await until('the auditor', async () => {
      const tails = await Promise.all(tags.map((tag) => tailOf(redis.admin, tag)))
      return auditors.every(({ seq }, n) => seq === tails[n])
    })
    await until('followers', () =>
      of('follower').every(({ part }) => hasCome(folder, part, auditors, lastLossAt)),
    )
    await until('consumers', () => isWorkedOff(queue))
    for (const role of ['follower', 'consumer', 'producer', 'worker', 'api'])
      await Promise.all(of(role).map((actor) => actor.leave(LEAVE_MS)))
    await lastLook(queue, readHistory(folder), scribe)
  } finally {
    await queue.close()
  }
  scribe.write('leftover', { keys: await leftovers(redis.admin, tags) })
}

/** When the schedule is due next; `null` while it is not declared. */
export async function tickOf(redis: Redis, tags: readonly string[]): Promise<number | null> {
  const found = await Promise.all(tags.map((tag) => redis.hget(`{${tag}}:ticks`, 'tick')))
  const at = found.find((one) => one !== null) ?? null
  return at === null ? null : Number(at)
}

/** The names of the workers that have a session. */
async function joined(queue: Queue<typeof tasks>): Promise<Set<string | undefined>> {
  const { workers } = await queue.inspect({ running: 0 })
  return new Set(workers.map(({ info }) => info?.name))
}

async function living(queue: Queue<typeof tasks>): Promise<number> {
  const { queued, waiting, scheduled, retrying, running } = await queue.counts()
  return queued + waiting + scheduled + retrying + running
}

async function isGone(queue: Queue<typeof tasks>, id: string): Promise<boolean> {
  return await queue.get(id).then(
    () => false,
    (error: unknown) => isLovageError(error, 'NOT_FOUND'),
  )
}

/** Whether a follower has heard the last notice that is meant for it. */
function hasCome(
  folder: string,
  { name, more }: Actor['part'],
  auditors: readonly Auditor[],
  since: number,
): boolean {
  const { way, owner } = more as { way: string; owner: string }
  const ends = auditors.map(({ seq, seqOf }) => (way === 'beside' ? seq : (seqOf.get(owner) ?? 0)))
  const lives = readdirSync(folder).filter((file) => file.startsWith(`${name}.`))
  return lives.some((file) => {
    const last = readFileSync(join(folder, file), 'utf8').split('\n').at(-2)
    if (last === undefined) return false
    const entry = JSON.parse(last) as Entry
    if (entry.fact !== 'heard' || entry.at <= since) return false
    const places = entry.places ?? [entry.seq]
    return ends.every((end, n) => (places[n] ?? 0) >= end)
  })
}

async function isWorkedOff(queue: Queue<typeof tasks>): Promise<boolean> {
  const groups = await queue.groups()
  return groups.every(({ lag, pending }) => lag === 0 && pending === 0)
}

/** How each job that anybody enqueued has ended, by `get`. */
async function lastLook(
  queue: Queue<typeof tasks>,
  history: readonly Entry[],
  scribe: Scribe,
): Promise<void> {
  for (const { id } of all(history, 'asked')) {
    try {
      const job = await queue.get(id)
      const result = job.state === 'succeeded' ? { result: JSON.stringify(job.result) } : {}
      scribe.write('final', { id, state: job.state, ...result })
    } catch (error) {
      if (!isLovageError(error, 'NOT_FOUND') && !isLovageError(error, 'RESULT_EXPIRED')) throw error
      scribe.write('final', { id, state: 'absent' })
    }
  }
}
