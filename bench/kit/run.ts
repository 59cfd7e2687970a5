/** Plays the rounds of a measure, in turn. One who fails is told aloud and left out; the others go on. */
import type { Taken } from './figures.ts'
import type { Measure, Question } from './question.ts'
import { Stage, type StartRedis } from './stage.ts'
import { quieterHalf, type Watched, watched } from './stolen.ts'

export interface Running {
  startRedis: StartRedis
  isQuick: boolean
  /** Contestants that play. Default: all. */
  peers: readonly string[]
  /** Who cannot play here, and why. */
  absent: Readonly<Record<string, string>>
  /** Talks to whoever watches. */
  tell: (text: string) => void
}

const LIMIT_MS = 60_000

export async function run(question: Question, measure: Measure, running: Running): Promise<Taken[]> {
  const { isQuick, peers, absent, tell } = running
  const rounds: Record<string, Watched<Record<string, number>>[]> = {}
  const missing: Record<string, string> = {}
  const contestants = Object.entries(measure.contestants).filter(
    ([name]) => peers.length === 0 || peers.includes(name),
  )
  for (const [name, round] of contestants) {
    const why = typeof round === 'string' ? round : absent[name]
    if (why !== undefined) missing[name] = why
  }
  const once = async (name: string): Promise<void> => {
    const round = measure.contestants[name]
    if (typeof round !== 'function' || missing[name] !== undefined) return
    try {
      const played = await watched(() =>
        Stage.with(running.startRedis, { args: measure.redis ?? [], isQuick }, (stage) =>
          within(measure.limitMs ?? LIMIT_MS, round(stage)),
        ),
      )
      ;(rounds[name] ??= []).push(played)
    } catch (error) {
      missing[name] = error instanceof Error ? error.message : String(error)
      delete rounds[name]
      tell(`${question.name}: ${name} is left out: ${missing[name]}`)
    }
  }
  const names = contestants.map(([name]) => name)
  for (let n = 0; n < (isQuick ? 1 : (measure.rounds ?? 3)); n++) {
    if (measure.together) await Promise.all(names.map(once))
    else for (const name of names) await once(name)
  }
  const date = new Date().toISOString().slice(0, 10)
  return Object.entries(measure.figures).map(([figure, about]) => {
    const taken = Object.entries(rounds).flatMap(([name, all]) => {
      const counted = measure.isQuieterHalf ? quieterHalf(all) : all.map(({ part }) => part)
      const values = counted.flatMap((round) => round[figure] ?? [])
      return values.length > 0 ? [[name, values] as const] : []
    })
    return {
      figure,
      question: question.name,
      ...about,
      rounds: Object.fromEntries(taken),
      missing,
      date,
    }
  })
}

/** What is still under way then ends with the stage. */
async function within<Value>(ms: number, promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not end within ${ms / 1_000} s`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
