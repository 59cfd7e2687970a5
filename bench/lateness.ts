/**
 * How punctual are delayed jobs? By how much do they run after their time, when 500 fall due each second; and how long
 * until 10,000 are done that fall due at one instant, after 3,000 that did? The worker has 100 slots.
 *
 *   npm run bench -- --only lateness,due
 *
 * Whoever runs one before its time has no figure, nor who is not done a quarter of a minute after the last.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { each, type Name } from './kit/contestants.ts'
import { quantile } from './kit/figures.ts'
import type { Question } from './kit/question.ts'
import type { Stage } from './kit/stage.ts'

const PACE = 500
const AT_ONCE = 10_000
/** A flood that goes before, as jobs go before every latency: most of the first one is the compiler's. */
const WARM_AT_ONCE = 3_000
/** Enqueueing must be over when the first falls due: so many jobs a second will do, and then some. */
const ENQUEUED_PER_S = 4_000
const CELERY_ENQUEUED_PER_S = 1_000
const SPARE_MS = 1_500
const GIVE_UP_MS = 15_000
const QUICK_GIVE_UP_MS = 5_000
/** Clocks that count whole ms may differ by that much. */
const EARLY_MS = -2

interface Flood {
  jobs: number
  /** From the first due time to the last. */
  overMs: number
}

/** How late each was, and when all were done, from the first due time on; after `warm` that fall due at once. */
async function punctuality(
  stage: Stage,
  who: Name,
  { warm = 0, ...measured }: Flood & { warm?: number },
): Promise<{ late: number[]; doneMs: number }> {
  const [producer, worker] = await Promise.all([stage.play(who, 'producer'), stage.play(who, 'worker')])
  await worker.start({ concurrency: 100, handler: { does: 'late' } })
  const rate = who === 'celery' ? CELERY_ENQUEUED_PER_S : ENQUEUED_PER_S
  const giveUpMs = stage.isQuick ? QUICK_GIVE_UP_MS : GIVE_UP_MS
  const flood = async (
    { jobs, overMs }: Flood,
    before: number,
  ): Promise<{ late: number[]; doneMs: number }> => {
    const done = worker.span({ from: before, to: before + jobs }).then(() => Date.now())
    done.catch(() => {}) // told where it is awaited
    const at = Date.now() + SPARE_MS + (jobs / rate) * 1_000
    await producer.schedule({ jobs, at, overMs })
    if (Date.now() > at) throw new Error(`was still enqueueing when the first fell due`)
    const doneAt = await Promise.race([done, pause(at + overMs + giveUpMs - Date.now())])
    const late = (await worker.late()).slice(before)
    const early = late.filter((ms) => ms < EARLY_MS).length
    if (early > 0) throw new Error(`ran ${early} of ${jobs} before they were due`)
    if (doneAt === undefined)
      throw new Error(`had run ${late.length} of ${jobs} ${giveUpMs / 1_000} s after the last fell due`)
    return { late, doneMs: doneAt - at }
  }
  if (warm > 0) await flood({ jobs: warm, overMs: 0 }, 0)
  return flood(measured, warm)
}

const NO_FLOOR = { floor: 'has no delays' }

export const question: Question = {
  name: 'lateness',
  asks: 'Delayed jobs, and a worker with 100 slots.',
  measures: [
    {
      figures: {
        'lateness-p50': { what: '500 fall due a second: late by, p50', unit: 'ms', better: 'less' },
        'lateness-p99': { what: '500 fall due a second: late by, p99', unit: 'ms', better: 'less' },
      },
      contestants: each(async (stage, who) => {
        const jobs = stage.jobs(2_500)
        const all = (await punctuality(stage, who, { jobs, overMs: (jobs / PACE) * 1_000 })).late
        const late = all.slice(all.length / 5) // as everywhere, the first fifth warms the worker up
        return { 'lateness-p50': quantile(late, 0.5), 'lateness-p99': quantile(late, 0.99) }
      }, NO_FLOOR),
      rounds: 2,
    },
    {
      figures: { 'due-at-once': { what: '10,000 due at once: all done after', unit: 'ms', better: 'less' } },
      contestants: each(async (stage, who) => {
        const flood = { warm: WARM_AT_ONCE, jobs: AT_ONCE, overMs: 0 }
        return { 'due-at-once': (await punctuality(stage, who, flood)).doneMs }
      }, NO_FLOOR),
      isSlow: true,
    },
  ],
}
