// What `npm run bench -- --json` promises to whoever reads it with a program.
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { FigureLine } from './kit/figures.ts'

const root = resolve(import.meta.dirname, '..')
const bench = async (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
  promisify(execFile)(process.execPath, ['scripts/bench.mjs', ...args], { cwd: root })

test('stdout has one line of JSON for each figure and nothing else', { timeout: 120_000 }, async () => {
  const { stdout } = await bench(
    '--json',
    '--quick',
    '--only',
    'enqueue-bulk',
    '--peers',
    'lovage,bullmq,floor',
  )
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as FigureLine)
  const rate = expect.any(Number) as number
  expect(lines).toEqual([
    {
      figure: 'enqueue-bulk',
      lovage: rate,
      bullmq: rate,
      best_peer: lines[0]?.bullmq,
      best_peer_name: 'bullmq',
      floor: rate,
      unit: 'jobs/s',
      ratio_best: rate,
      ratio_floor: rate,
    },
  ])
  const { lovage, bullmq, ratio_best: ratio } = lines[0] as unknown as Record<keyof FigureLine, number>
  expect(ratio).toBeCloseTo(lovage / bullmq, 1)
})

test(
  'a name that nothing begins with is refused, with those that there are',
  { timeout: 120_000 },
  async () => {
    const run = bench('--only', 'proces-c1')
    await expect(run).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('process-c1') as string,
    })
  },
)
