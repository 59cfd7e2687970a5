/**
 * Enqueues jobs until it is told to finish, each of them again under the same id until somebody says that it is there.
 * Some it follows, some it cancels, some results it awaits.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { isLovageError, newJobId, parseCursor, type Notice } from '@lovage/core'
import { CALLED, type Called, KEYS } from '../tasks.ts'
import { doorOf, type Way } from './door.ts'
import { heardOf } from './heard.ts'
import { enter, ready, wrong } from './player.ts'

const player = enter()
const { casting, scribe, chance, finish, leave } = player
const { way, owner } = casting.more as { way: Way; owner: string }
const door = doorOf(way, player, owner)
const OPEN_MAX = 60
const DURATIONS_MS = [0, 5, 20, 100, 400, 1_500]
/** Less than the time limit. */
const LONG_MS = 15_000
const open = new Set<Promise<void>>()

/** What passes by itself; anything else is a finding. */
const mayPass = (error: unknown): boolean =>
  ['STORE_UNAVAILABLE', 'DISCONNECTED'].some((code) => isLovageError(error, code as 'DISCONNECTED'))

/** Repeats a call until it is answered. */
async function surely<T>(name: string, id: string, call: () => Promise<T>): Promise<T | undefined> {
  while (!leave.aborted) {
    try {
      return await call()
    } catch (error) {
      scribe.write('refused', { call: name, id, ...wrong(error) })
      if (!mayPass(error)) return undefined
      await pause(chance.between(50, 300))
    }
  }
  return undefined
}

async function one(): Promise<void> {
  const task: Called = chance.pick(CALLED)
  const plan = {
    follows: chance.is(0.3),
    cancelsAfterMs: chance.is(0.1) ? chance.below(chance.pick([500, 5_000])) : undefined,
  }
  const input = {
    n: chance.below(1_000_000),
    // Of those that are cancelled some would run for long.
    ms: chance.pick(plan.cancelsAfterMs === undefined ? DURATIONS_MS : [20, LONG_MS]),
    fails: task === 'flaky' ? chance.below(4) : 0,
    key: task === 'keyed' || task === 'ordered' ? chance.pick(KEYS) : '',
  }
  const given = newJobId()
  const delay = chance.is(0.15) ? { delay: chance.between(1, 2_000) } : {}
  const asked = { task, owner, input: { n: input.n, key: input.key } }
  scribe.write('asked', { id: given, ...asked })
  const job = await surely<Followable>('enqueue', given, () =>
    door.jobs[task].enqueue(input, {
      id: given,
      ...door.owned,
      ...delay,
      tags: chance.is(0.1) ? ['some'] : [],
    }),
  )
  if (job === undefined) return
  const { id } = job
  // Over partitions one that has to be with others gets another id than it was given.
  if (id !== given) scribe.write('asked', { id, ...asked })
  scribe.write('accepted', { id })
  const ends: Promise<void>[] = []
  if (plan.cancelsAfterMs !== undefined) ends.push(cancel(id, task, plan.cancelsAfterMs))
  if (plan.follows) ends.push(follow(job))
  await Promise.all(ends)
}

async function cancel(id: string, task: Called, afterMs: number): Promise<void> {
  await pause(afterMs)
  await surely('cancel', id, () => door.jobs[task].cancel(id, 'by chance'))
}

type Followable = AsyncIterable<Notice> & { id: string; cursor: string }

async function follow(job: Followable): Promise<void> {
  const { id } = job
  const line = `${casting.who}:${id}`
  const after = job.cursor === '' ? -1 : parseCursor(job.cursor).seq
  scribe.write('follows', { line, of: 'job', after, owner, jobId: id })
  try {
    for await (const notice of job) {
      scribe.write('heard', { line, ...heardOf(notice) })
      if (notice.type === 'started' || notice.type === 'retrying' || isEnd(notice.type))
        await look(id, notice)
      if (leave.aborted) return
    }
    scribe.write('done', { line })
  } catch (error) {
    scribe.write('refused', { call: 'follow', id, ...wrong(error) })
  }
}

const isEnd = (type: Notice['type']): boolean =>
  ['succeeded', 'failed', 'cancelled', 'expired'].includes(type)

async function look(id: string, notice: Notice): Promise<void> {
  if (!('jobId' in notice)) return
  const job = await surely('get', id, () => door.jobs.get(id))
  if (job === undefined) return
  scribe.write('looked', {
    id,
    after: notice.type,
    attempt: 'attempt' in notice ? notice.attempt : 0,
    state: job.state,
    seen: job.attempt,
    ...(job.state === 'succeeded' && { result: JSON.stringify(job.result) }),
  })
}

ready()
while (!finish.aborted) {
  if (open.size < OPEN_MAX) {
    const begun: Promise<void> = one().finally(() => open.delete(begun))
    open.add(begun)
  }
  await pause(chance.between(0, 2 * casting.paceMs))
}
await Promise.race([Promise.all(open), new Promise((resolve) => leave.addEventListener('abort', resolve))])
await door.close()
process.exit(0)
