/**
 * A worker is killed (SIGKILL) while it holds 100 jobs, and another one starts at that instant. After how long have all of
 * them been done? Everybody's defaults; bee-queue with the check that its README asks for.
 *
 *   npm run bench -- --only recovery
 */
import { setTimeout as pause } from 'node:timers/promises'
import { each } from './kit/contestants.ts'
import type { Question } from './kit/question.ts'
import { exactly } from './kit/budget.ts'

const JOBS = 100
/** BullMQ and others that check every half a minute need a minute. */
const GIVE_UP_S = 75
const QUICK_GIVE_UP_S = 12

export const question: Question = {
  name: 'recovery',
  asks: 'From SIGKILL of a worker that holds 100 jobs until another one, started at that instant, has done them all.',
  measures: [
    {
      figures: { recovery: { what: 'all done after', unit: 's', better: 'less' } },
      contestants: each(
        async (stage, who) => {
          const giveUpS = stage.isQuick ? QUICK_GIVE_UP_S : GIVE_UP_S
          const [producer, first, second] = await Promise.all([
            stage.play(who, 'producer'),
            stage.play(who, 'worker'),
            stage.play(who, 'worker'),
          ])
          await producer.enqueue({ how: 'callers', budget: exactly(JOBS) })
          await first.start({ concurrency: JOBS, handler: { does: 'never' } })
          await first.begun(JOBS)
          const from = performance.now()
          const done = second.span({ from: 0, to: JOBS })
          await Promise.all([first.kill(), second.start({ concurrency: JOBS, handler: { does: 'nothing' } })])
          if ((await Promise.race([done, pause(giveUpS * 1_000)])) === undefined)
            throw new Error(`had done ${await second.ended()} of ${JOBS} after ${giveUpS} s`)
          return { recovery: (performance.now() - from) / 1_000 }
        },
        { floor: 'loses them' },
      ),
      rounds: 2,
      limitMs: 120_000,
      together: true,
    },
  ],
}
