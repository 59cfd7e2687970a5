/**
 * What do partitions give, and cost? The same backlog, emptied by one worker process: whole on one Redis, in two
 * partitions on that Redis, and in two partitions on two of them.
 *
 *   npm run bench -- --only partitions
 *
 * A machine of two cores cannot show two servers and a worker at full speed side by side. What it can show is how much
 * of a core each of them needs for a job: a queue is as fast as the busiest core allows.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createQueue } from '@lovage/redis'
import { partitionTasks, type Emptied } from './kit/partition-tasks.ts'
import type { Question } from './kit/question.ts'
import { inputOf } from './kit/roles.ts'
import type { Stage } from './kit/stage.ts'

const JOBS = 100_000
const PER = 10_000

type Way = 'whole' | 'two on one' | 'two on two'

/** Where each partition is. */
async function placesOf(stage: Stage, way: Way): Promise<string[]> {
  switch (way) {
    case 'whole':
      return [stage.url]
    case 'two on one':
      return [stage.url, stage.url]
    case 'two on two':
      return [stage.url, (await stage.another()).url]
    default:
      return way satisfies never
  }
}

async function emptied(stage: Stage, way: Way): Promise<Record<string, number>> {
  const places = await placesOf(stage, way)
  const servers = [...new Set(places)].map((url) => stage.clientOf(url))
  const cpus = () => Promise.all(servers.map((server) => stage.redisCpu(server)))
  const queue = createQueue({ tasks: partitionTasks, partitions: places, onWarning: () => {} })
  const jobs = stage.jobs(JOBS)
  const inputs = Array.from({ length: jobs }, () => inputOf())
  const began = performance.now()
  await queue.nothing.enqueueMany(inputs)
  const enqueued = jobs / ((performance.now() - began) / 1_000)
  await queue.close()

  const before = await cpus()
  const program = fileURLToPath(new URL('./kit/partitioned-worker.js', import.meta.url))
  const child = fork(program, { env: { ...process.env, PLACES: JSON.stringify(places), JOBS: `${jobs}` } })
  stage.owns({ kill: async () => void child.kill('SIGKILL') })
  const [{ perSecond, cpuSeconds, counted }] = (await once(child, 'message')) as [Emptied]
  const after = await cpus()
  const used = after.map((seconds, n) => ((seconds - (before[n] as number)) / jobs) * PER)
  return {
    'partitions-run': perSecond,
    'partitions-enqueue': enqueued,
    'partitions-busiest-cpu': Math.max(...used),
    'partitions-redis-cpu': used.reduce((sum, seconds) => sum + seconds, 0),
    'partitions-worker-cpu': (cpuSeconds / counted) * PER,
  }
}

const cpu = (what: string) => ({ what, unit: 's/10k jobs', better: 'less' }) as const

export const question: Question = {
  name: 'partitions',
  asks: 'A queue whole on one Redis, in two partitions on it, and in two partitions on two of them.',
  measures: [
    {
      figures: {
        'partitions-run': { what: 'run by one worker process', unit: 'jobs/s', better: 'more' },
        'partitions-enqueue': { what: 'enqueued in bulk', unit: 'jobs/s', better: 'more' },
        'partitions-busiest-cpu': cpu('CPU of the busiest Redis'),
        'partitions-redis-cpu': cpu('CPU of Redis in all'),
        'partitions-worker-cpu': cpu('CPU of the worker'),
      },
      contestants: {
        whole: (stage) => emptied(stage, 'whole'),
        'two on one': (stage) => emptied(stage, 'two on one'),
        'two on two': (stage) => emptied(stage, 'two on two'),
      },
      isSlow: true,
    },
  ],
}
