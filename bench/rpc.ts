/**
 * What does a caller across the network wait for? An enqueue by our client, and from the enqueue until the job's end is
 * known there; against tRPC's own client on the same server, and against the floor: frames on a raw `ws` to the same
 * queue. Gateway, caller and worker are processes of their own.
 *
 *   npm run bench -- --only rpc
 */
import type { CallerName, Counts, Waits } from './gateway/callers.ts'
import { ask, end, start } from './gateway/parts.ts'
import type { Question } from './kit/question.ts'
import type { Stage } from './kit/stage.ts'

const NAMESPACE = 'rpc'

async function call(stage: Stage, name: CallerName): Promise<Record<string, number>> {
  const counts: Counts = { warm: stage.jobs(500), alone: stage.jobs(1_000), together: stage.jobs(20_000) }
  const who = name === 'floor' ? 'floor' : 'lovage'
  const [gateway, { port }] = await start<{ port: number }>(stage, 'gateway', who, stage.url, NAMESPACE)
  const [caller] = await start(stage, 'caller', name, String(port), JSON.stringify(counts))
  const { p50, p99, perSecond = 0 } = await ask<Waits & { perSecond?: number }>(caller, { say: 'enqueue' })
  const figures = { 'rpc-enqueue-p50': p50, 'rpc-enqueue-p99': p99, 'rpc-enqueue': perSecond }
  if (name !== 'lovage') return figures
  const [worker] = await start(stage, 'worker', stage.url, NAMESPACE)
  await ask(worker, { expected: counts.warm + counts.alone + counts.together * 1.25 }) // nothing is left of the calls before
  const followed = await ask<Waits>(caller, { say: 'follow' })
  await end(gateway)
  return { ...figures, 'rpc-follow-p50': followed.p50, 'rpc-follow-p99': followed.p99 }
}

const names = ['lovage', 'trpc ws', 'trpc http', 'floor'] as const

export const question: Question = {
  name: 'rpc',
  asks: 'Calls across the network, to one API process.',
  measures: [
    {
      figures: {
        'rpc-enqueue-p50': { what: 'enqueue one by one, p50', unit: 'ms', better: 'less' },
        'rpc-enqueue-p99': { what: 'enqueue one by one, p99', unit: 'ms', better: 'less' },
        'rpc-enqueue': { what: 'enqueue, 100 callers at a time', unit: 'calls/s', better: 'more' },
        'rpc-follow-p50': { what: 'enqueue until the end is known, p50', unit: 'ms', better: 'less' },
        'rpc-follow-p99': { what: 'enqueue until the end is known, p99', unit: 'ms', better: 'less' },
      },
      limitMs: 120_000,
      contestants: Object.fromEntries(names.map((name) => [name, (stage: Stage) => call(stage, name)])),
    },
  ],
}
