/**
 * What does a gateway cost, the API process that reads the feed once and writes it to many sockets? Against the floor:
 * raw `ws` that reads the same stream, encodes each record once and does nothing else.
 *
 *   npm run bench -- gateway            ROUNDS, SUBSCRIBERS=1,100,1000,5000 in the environment change it
 *
 * Three processes: this one writes records to the stream, one is the gateway, one has all the sockets and counts.
 * `all`: everybody gets everything. `job`: each follows a job of his own. CPU is the gateway's alone.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createQueue } from '@lovage/redis'
import { Redis } from 'ioredis'
import { counter } from './gateway/counter.ts'
import { gateways, type Gateway } from './gateway/gateways.ts'
import { tasks } from './gateway/tasks.ts'
import { input, inTurn, median, url } from './kit/rounds.ts'

const NAMESPACE = 'gateway'
const SUBSCRIBERS = (process.env['SUBSCRIBERS'] ?? '1,100,1000,5000').split(',').map(Number)
/** Deliveries of one measurement, about: a few seconds of work for the floor. */
const DELIVERIES = Number(process.env['DELIVERIES'] ?? 200_000)

const [role, name] = process.argv.slice(2)
if (role === 'gateway') await gateways[name as Gateway](url, NAMESPACE)
else if (role === 'counter') counter()
else await measure()

interface Figures {
  perSecond: number
  cpuMicros: number
  idleBytes: number
}

async function measure(): Promise<void> {
  for (const mode of ['all', 'job'] as const) {
    for (const subscribers of SUBSCRIBERS) {
      const figures = await inTurn({
        lovage: () => one('lovage', mode, subscribers),
        raw: () => one('raw', mode, subscribers),
      })
      const mid = (who: Gateway, what: keyof Figures): number =>
        median(figures[who].map((round) => round[what]))
      for (const who of ['lovage', 'raw'] as const) {
        const [rate, micros, bytes] = (['perSecond', 'cpuMicros', 'idleBytes'] as const).map((what) =>
          mid(who, what),
        ) as [number, number, number]
        console.log(
          `${mode.padEnd(4)} ${String(subscribers).padStart(5)} ${who.padEnd(7)}` +
            `${rate.toFixed(0).padStart(9)} notices/s ${micros.toFixed(1).padStart(7)} µs CPU each` +
            ` ${(bytes / 1024).toFixed(1).padStart(6)} KiB a socket` +
            `   (${figures[who].map(({ perSecond }) => perSecond.toFixed(0)).join(' ')})`,
        )
      }
      const rates = mid('lovage', 'perSecond') / mid('raw', 'perSecond')
      const cpus = mid('raw', 'cpuMicros') / mid('lovage', 'cpuMicros')
      console.log(
        `${' '.repeat(11)}lovage/raw ${rates.toFixed(2)} by the clock, ${cpus.toFixed(2)} by the CPU`,
      )
    }
  }
}

function start(...args: string[]): ChildProcess {
  return fork(fileURLToPath(import.meta.url), args, {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

async function ask<Answer>(child: ChildProcess, question: object): Promise<Answer> {
  const answered = once(child, 'message')
  child.send(question)
  const [answer] = (await answered) as [Answer]
  return answer
}

async function one(who: Gateway, mode: 'all' | 'job', subscribers: number): Promise<Figures> {
  const redis = new Redis(url)
  const gateway = start('gateway', who)
  const [{ port }] = (await once(gateway, 'message')) as [{ port: number }]
  const clients = start('counter')
  const ids = await seed(subscribers)
  const { rss: empty } = await ask<{ rss: number }>(gateway, { say: 'memory' })
  await ask(clients, { port, who, ids: mode === 'job' ? ids : null, subscribers })
  const { rss: full } = await ask<{ rss: number }>(gateway, { say: 'memory' })

  const records = mode === 'all' ? Math.ceil(DELIVERIES / subscribers) : DELIVERIES / 10
  const expected = mode === 'all' ? records * subscribers : records
  const before = await ask<{ cpu: number }>(gateway, { say: 'cpu' })
  await ask(clients, { expected })
  const done = once(clients, 'message')
  const from = performance.now()
  await write(redis, records, ids)
  await done
  const seconds = (performance.now() - from) / 1_000
  const after = await ask<{ cpu: number }>(gateway, { say: 'cpu' })
  clients.kill('SIGKILL')
  gateway.kill('SIGKILL')
  await Promise.all([once(clients, 'exit'), once(gateway, 'exit')])
  await redis.quit()
  return {
    perSecond: expected / seconds,
    cpuMicros: (after.cpu - before.cpu) / expected,
    idleBytes: (full - empty) / subscribers,
  }
}

/** Jobs that wait for ever: a follower looks at his job before anything else. */
async function seed(count: number): Promise<string[]> {
  const queue = createQueue({ tasks, redis: url, namespace: NAMESPACE })
  const jobs = await queue.nothing.enqueueMany(Array.from({ length: count }, () => input))
  await queue.close()
  return jobs.map(({ id }) => id)
}

/** Records as workers write them, and as fast as Redis takes them. */
async function write(redis: Redis, records: number, ids: readonly string[]): Promise<void> {
  const GROUP = 500
  for (let from = 0; from < records; from += GROUP) {
    const pipeline = redis.pipeline()
    for (let n = from; n < Math.min(records, from + GROUP); n++) {
      const fields = ['task_id', ids[n % ids.length] as string, 'task_name', 'nothing', 'status', 'PROGRESS']
      pipeline.xadd(
        `{${NAMESPACE}:default}:outcomes`,
        '*',
        ...fields,
        'timestamp',
        '2026-11-21T12:00:00.000Z',
        'result',
        '{"done":1,"total":2}',
        'seq',
        n + 1,
        'v',
        1,
      )
    }
    await pipeline.exec()
  }
}
