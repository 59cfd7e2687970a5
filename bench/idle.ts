/**
 * What does a worker process with nothing to do ask of Redis? The commands that its connections send, counted by MONITOR
 * once it has settled. What runs inside of scripts is not among them: it costs no round trip.
 *
 *   npm run bench -- --only idle
 */
import { setTimeout as pause } from 'node:timers/promises'
import { each } from './kit/contestants.ts'
import type { Question } from './kit/question.ts'

const SETTLE_MS = 4_000
/** Twice the longest time that one of us is silent for. */
const SECONDS = 60
const QUICK_SECONDS = 6

export const question: Question = {
  name: 'idle',
  asks: 'What a worker process asks of Redis that has nothing to do.',
  measures: [
    {
      figures: { 'idle-commands': { what: 'commands sent', unit: 'a second', better: 'less' } },
      contestants: each(
        async (stage, who) => {
          const seconds = stage.isQuick ? QUICK_SECONDS : SECONDS
          const worker = await stage.play(who, 'worker')
          await worker.start({ concurrency: 10, handler: { does: 'nothing' } })
          await pause(SETTLE_MS)
          return { 'idle-commands': (await stage.countCommands(() => pause(seconds * 1_000))) / seconds }
        },
        { floor: 'needs none' },
      ),
      rounds: 1,
      limitMs: 120_000,
      together: true,
    },
  ],
}
