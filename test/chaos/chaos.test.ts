// A short run of `npm run chaos`: real processes, and whatever a seed does to them. The seed is printed; with
// `npm run chaos -- --cast small --minutes 0.3 --seed …` the same faults come again.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startRedis } from '../../scripts/redis.mjs'
import { check } from './check.ts'
import { castOf } from './director/cast.ts'
import { run } from './director/run.ts'
import { all, readHistory } from './history.ts'

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

test(`whatever breaks, no promise does (SEED=${SEED})`, async () => {
  console.log(`chaos: SEED=${SEED}`)
  const folder = mkdtempSync(join(tmpdir(), 'lovage-chaos-'))
  const said: string[] = []
  await run({
    folder,
    seed: SEED,
    lengthMs: 18_000,
    everyMs: 1_500,
    paceMs: 150,
    fsync: 'always',
    losses: false,
    partitions: 1,
    calmMs: 90_000,
    ...castOf('small'),
    startRedis,
    players: join(import.meta.dirname, '..', 'dist', 'chaos', 'players'),
    say: (line) => said.push(line),
  })
  const history = readHistory(folder)
  expect(check(history), `after\n${said.join('\n')}\nThe histories are in ${folder}.`).toEqual([])
  // Something was broken, and something was done meanwhile.
  expect(all(history, 'fault').length).toBeGreaterThan(0)
  expect(all(history, 'accepted').length).toBeGreaterThan(20)
  rmSync(folder, { recursive: true })
}, 300_000)
