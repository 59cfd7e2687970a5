/**
 * How many jobs in a second go the whole way: enqueued by 100 callers in one process, run by a worker with 100 slots in
 * another, and heard of by a listener in a third?
 *
 *   npm run bench -- --only end-to-end
 *
 * What goes before, to warm up, also tells how many can be done in the time that there is. Counted is from the first call
 * after that until the last job is done and the last notice heard. A notice that does not come within 5 s of
 * the last job is missed, and whoever misses one has no figure.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { each } from './kit/contestants.ts'
import type { Question } from './kit/question.ts'
import { type Budget, exactly, warmUp } from './kit/budget.ts'

const JOBS = 100_000
const LATE_MS = 5_000

export const question: Question = {
  name: 'end-to-end',
  asks: 'Jobs in a second from three processes: 100 callers enqueue, a worker with 100 slots runs, a listener hears of each end.',
  measures: [
    {
      figures: { 'end-to-end': { what: 'enqueued, run and heard of', unit: 'jobs/s', better: 'more' } },
      contestants: each(
        async (stage, who) => {
          const [producer, worker, listener] = await Promise.all([
            stage.play(who, 'producer'),
            stage.play(who, 'worker'),
            stage.play(who, 'listener'),
          ])
          await listener.start()
          await worker.start({ concurrency: 100, handler: { does: 'nothing' } })
          /** Sends jobs the whole way after those before, and says how fast. */
          const send = async (
            before: number,
            budget: Budget,
          ): Promise<{ jobs: number; perSecond: number }> => {
            const from = performance.now()
            const { jobs } = await producer.enqueue({ how: 'callers', budget })
            const all = { from: before, to: before + jobs }
            const heard = listener.span(all)
            await worker.span(all)
            if ((await Promise.race([heard, pause(LATE_MS)])) === undefined)
              throw new Error(`${before + jobs - (await listener.heard())} notices never came`)
            return { jobs, perSecond: jobs / ((performance.now() - from) / 1_000) }
          }
          const budget = stage.budget(JOBS)
          const warm = await send(0, warmUp(budget))
          const jobs = Math.round(warm.perSecond * budget.seconds)
          const { perSecond } = await send(
            warm.jobs,
            exactly(Math.min(budget.jobs, Math.max(budget.least, jobs))),
          )
          return { 'end-to-end': perSecond }
        },
        { groupmq: 'has no notices' },
      ),
    },
  ],
}
