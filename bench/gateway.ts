/**
 * What does a gateway manage, the API process that reads the feed once and writes it to many sockets? Against the floor:
 * raw `ws` that reads the same stream, encodes each record once and does nothing else.
 *
 *   npm run bench -- --only gateway
 *
 * Three processes: this one writes records to the stream, one is the gateway, one has all the sockets and counts. `all`:
 * everybody gets everything. `by-job`: each follows a job of his own. CPU is the gateway's alone.
 */
import { createQueue } from '@lovage/redis'
import type { Redis } from 'ioredis'
import { ask, said, start } from './gateway/parts.ts'
import type { Gateway } from './gateway/gateways.ts'
import { tasks } from './gateway/tasks.ts'
import type { Measure, Question } from './kit/question.ts'
import { inputOf } from './kit/roles.ts'
import type { Stage } from './kit/stage.ts'

const NAMESPACE = 'gateway'
/** Whoever is alone must not be outrun: of progress that he is too slow for he would get the newest. */
const AT_ONCE_TO_ONE = 500
/** Of one round: a second or two of work for the floor. */
const DELIVERIES = { all: 200_000, 'by-job': 60_000 }
type Mode = keyof typeof DELIVERIES

const gateway = (mode: Mode, subscribers: number): Measure => {
  const name = `gateway-${mode}-${subscribers}`
  const to =
    subscribers === 1
      ? '1 who follows a job'
      : `${subscribers.toLocaleString('en')} ${mode === 'all' ? 'who get everything' : 'who follow a job each'}`
  const round = (who: Gateway) => async (stage: Stage) => {
    const { perSecond, cpuMicros, idleBytes } = await deliver(stage, who, mode, subscribers)
    return { [name]: perSecond, [`${name}-cpu`]: cpuMicros, [`${name}-memory`]: idleBytes / 1_024 }
  }
  return {
    figures: {
      [name]: { what: `to ${to}`, unit: 'notices/s', better: 'more' },
      [`${name}-cpu`]: { what: `to ${to}: CPU of a delivery`, unit: 'µs', better: 'less' },
      [`${name}-memory`]: { what: `to ${to}: an idle socket`, unit: 'KiB', better: 'less' },
    },
    contestants: { lovage: round('lovage'), floor: round('floor') },
    rounds: subscribers > 1_000 ? 1 : 2,
    limitMs: 150_000, // thousands of sockets take their time to open
    isSlow: subscribers !== 1_000,
  }
}

export const question: Question = {
  name: 'gateway',
  asks: 'Notices that one API process delivers to a websocket for each subscriber.',
  measures: [
    gateway('by-job', 1),
    ...[100, 1_000, 5_000].flatMap((subscribers) => [
      gateway('by-job', subscribers),
      gateway('all', subscribers),
    ]),
  ],
}

interface Delivered {
  perSecond: number
  cpuMicros: number
  idleBytes: number
}

async function deliver(stage: Stage, who: Gateway, mode: Mode, subscribers: number): Promise<Delivered> {
  const [serving, { port }] = await start<{ port: number }>(stage, 'gateway', who, stage.url, NAMESPACE)
  const [clients] = await start(stage, 'counter')
  const ids = await seed(stage.url, subscribers)
  const { rss: empty } = await ask<{ rss: number }>(serving, { say: 'memory' })
  await ask(clients, { port, ids: mode === 'by-job' ? ids : null, subscribers })
  const { rss: full } = await ask<{ rss: number }>(serving, { say: 'memory' })

  const deliveries = stage.jobs(DELIVERIES[mode])
  const records = mode === 'all' ? Math.ceil(deliveries / subscribers) : deliveries
  const each = mode === 'all' ? subscribers : 1
  const expected = records * each
  const atOnce = subscribers === 1 ? AT_ONCE_TO_ONE : records
  const before = await ask<{ cpu: number }>(serving, { say: 'cpu' })
  const from = performance.now()
  for (let written = 0; written < records; written += atOnce) {
    const until = Math.min(written + atOnce, records)
    await ask(clients, { expected: (until - written) * each })
    const done = said(clients)
    await write(stage.redis, written, until, ids)
    await done
  }
  const seconds = (performance.now() - from) / 1_000
  const after = await ask<{ cpu: number }>(serving, { say: 'cpu' })
  return {
    perSecond: expected / seconds,
    cpuMicros: (after.cpu - before.cpu) / expected,
    idleBytes: (full - empty) / subscribers,
  }
}

/** Jobs that wait for ever: a follower looks at his job before anything else. */
async function seed(url: string, count: number): Promise<string[]> {
  const queue = createQueue({ tasks, redis: url, namespace: NAMESPACE, onWarning: () => {} })
  const jobs = await queue.nothing.enqueueMany(Array.from({ length: count }, () => inputOf()))
  await queue.close()
  return jobs.map(({ id }) => id)
}

/** Records as workers write them, and as fast as Redis takes them. */
async function write(redis: Redis, first: number, end: number, ids: readonly string[]): Promise<void> {
  const GROUP = 500
  for (let from = first; from < end; from += GROUP) {
    const pipeline = redis.pipeline()
    for (let n = from; n < Math.min(end, from + GROUP); n++) {
      const fields = ['task_id', ids[n % ids.length] as string, 'task_name', 'nothing', 'status', 'PROGRESS']
      const more = ['timestamp', '2026-11-21T12:00:00.000Z', 'result', '{"done":1,"total":2}', 'seq', n + 1]
      pipeline.xadd(`{${NAMESPACE}:default}:outcomes`, '*', ...fields, ...more)
    }
    await pipeline.exec()
  }
}
