/**
 * How many jobs in a second go the whole way: enqueued by 100 callers in one process, run by a worker with 100 slots in
 * another, and heard of by a listener in a third?
 *
 *   npm run bench -- --only end-to-end
 *
 * From the first call until the last job is done and the last notice heard. A notice that does not come within 5 s of
 * the last job is missed, and whoever misses one has no figure.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { each } from './kit/contestants.ts'
import type { Question } from './kit/question.ts'
import { perSecond } from './kit/roles.ts'

const JOBS = 50_000
const LATE_MS = 5_000

export const question: Question = {
  name: 'end-to-end',
  asks: 'Jobs in a second from three processes: 100 callers enqueue, a worker with 100 slots runs, a listener hears of each end.',
  measures: [
    {
      figures: { 'end-to-end': { what: 'enqueued, run and heard of', unit: 'jobs/s', better: 'more' } },
      contestants: each(
        async (stage, who) => {
          const jobs = stage.jobs(who === 'celery' ? JOBS / 10 : JOBS)
          const warm = Math.floor(jobs / 5)
          const [producer, worker, listener] = await Promise.all([
            stage.play(who, 'producer'),
            stage.play(who, 'worker'),
            stage.play(who, 'listener'),
          ])
          await listener.start()
          await worker.start({ concurrency: 100, handler: { does: 'nothing' } })
          const heard = listener.span({ from: warm, to: jobs })
          const done = worker.span({ from: warm, to: jobs })
          await producer.enqueue({ how: 'callers', jobs })
          const ran = await done
          const inTime = await Promise.race([heard, pause(LATE_MS)])
          if (inTime === undefined) throw new Error(`${jobs - (await listener.heard())} notices never came`)
          return { 'end-to-end': Math.min(perSecond(ran), perSecond(inTime)) }
        },
        { groupmq: 'has no notices' },
      ),
    },
  ],
}
