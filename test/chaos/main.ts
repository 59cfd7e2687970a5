/** `npm run chaos -- --minutes 10 --seed N`: one run, its history checked, and a report. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { check } from './check.ts'
import { castOf } from './director/cast.ts'
import type { StartRedis } from './director/redis.ts'
import { run } from './director/run.ts'
import { readHistory } from './history.ts'
import { reportOf } from './report.ts'
import { soak } from './soak/soak.ts'

/** Run by `scripts/chaos.mjs`, which knows how to start a Redis. @returns the exit code */
export async function chaos(args: string[], startRedis: StartRedis): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      fsync: { type: 'string', default: 'always' },
      losses: { type: 'boolean', default: false },
      every: { type: 'string', default: '1500' },
      pace: { type: 'string', default: '150' },
      cast: { type: 'string', default: 'full' },
      partitions: { type: 'string', default: '1' },
      calm: { type: 'string', default: '90' },
      folder: { type: 'string' },
      soak: { type: 'boolean', default: false },
      jobs: { type: 'string', default: '5000000' },
    },
  })
  const seed = Number(values.seed)
  const say = (line: string): void => console.log(`chaos: ${line}`)
  if (values.soak) {
    const wrong = await soak({
      jobs: Number(values.jobs),
      limitMs: 60_000 * Number(values.minutes ?? Infinity),
      seed,
      startRedis,
      say,
    })
    for (const sentence of wrong) say(`WRONG: ${sentence}`)
    say(
      wrong.length === 0
        ? 'the soak is over: nothing grew, and nothing was left over'
        : `${wrong.length} findings`,
    )
    return wrong.length === 0 ? 0 : 1
  }
  const partitions = Number(values.partitions)
  const losses = values.losses || values.fsync === 'everysec'
  if (losses && partitions > 1)
    throw new Error('What is lost is counted of one feed: no --losses over --partitions.')
  const minutes = Number(values.minutes ?? 1)
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'lovage-chaos-'))

  say(`seed ${seed}, ${minutes} min; the histories are in ${folder}`)
  const startedAt = performance.now()
  const result = await run({
    folder,
    seed,
    lengthMs: minutes * 60_000,
    everyMs: Number(values.every),
    paceMs: Number(values.pace),
    fsync: values.fsync as 'always' | 'everysec',
    losses,
    partitions,
    calmMs: 1_000 * Number(values.calm),
    ...castOf(values.cast as 'full' | 'small'),
    startRedis,
    players: join(import.meta.dirname, 'players'),
    say,
  })
  const history = readHistory(folder)
  const violations = check(history)
  console.log(
    reportOf({ history, violations, result, seed, seconds: (performance.now() - startedAt) / 1_000 }),
  )
  return violations.length > 0 ? 1 : 0
}
