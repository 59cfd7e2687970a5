/** What all players share: they are told who they are, write a history, hear orders, and may have their clock moved. */
import { isLovageError } from '@lovage/core'
import { chanceOf, type Chance } from '../../kit/chance.ts'
import { Scribe } from '../history.ts'

export interface Casting {
  /** Unique in a run, this life of it included: `worker-2.3`. */
  who: string
  role: string
  folder: string
  namespace: string
  redisUrl: string
  apiUrl: string
  seed: number
  streamMaxLen: number
  partitions: number
  /** Mean ms between two jobs of a producer. */
  paceMs: number
  /** Of the role. */
  more: Record<string, unknown>
}

export type Order = { order: 'clock'; offsetMs: number } | { order: 'finish' } | { order: 'leave' }

export interface Player {
  casting: Casting
  scribe: Scribe
  chance: Chance
  /** Where the jobs are. */
  place: {
    redis: { url: string; streamMaxLen: number; streamCap: number; onWarning: () => void }
    namespace: string
    partitions: number
  }
  /** Aborted: begin nothing new, and see to its end what was begun. */
  finish: AbortSignal
  /** Aborted: go. */
  leave: AbortSignal
}

export function enter(): Player {
  const casting = JSON.parse(process.env['CASTING'] as string) as Casting
  const { folder, who, seed, redisUrl: url, streamMaxLen, namespace, partitions } = casting
  const scribe = new Scribe(folder, who)
  const finish = new AbortController()
  const leave = new AbortController()
  process.on('message', (order: Order) => {
    if (order.order === 'clock') moveClock(order.offsetMs)
    else if (order.order === 'finish') finish.abort()
    else leave.abort()
  })
  process.on('disconnect', () => process.exit(0)) // nobody directs any more
  process.on('warning', ({ name, stack = '' }) => scribe.write('warned', { name, stack }))
  process.channel?.unref()
  return {
    casting,
    scribe,
    chance: chanceOf(seed),
    // Groups hold back no more, so that they are told of gaps as well.
    place: {
      redis: { url, streamMaxLen, streamCap: streamMaxLen, onWarning: () => {} },
      namespace,
      partitions,
    },
    finish: finish.signal,
    leave: leave.signal,
  }
}

const trueNow = Date.now
let offsetMs = 0

/** As if somebody had set the machine's clock: `Date` jumps, the monotonic clock and timers do not. */
function moveClock(ms: number): void {
  offsetMs = ms
  Date.now = () => trueNow() + offsetMs
}

/** Says to the director that the player is on stage. */
export const ready = (what: Record<string, unknown> = {}): void =>
  void process.send?.({ ready: true, ...what })

/** What went wrong, for the history. */
export const wrong = (error: unknown): { code: string | null; message: string } => ({
  code: isLovageError(error) ? error.code : null,
  message: String(error instanceof Error ? (error.stack ?? error.message) : error).slice(0, 1_000),
})
