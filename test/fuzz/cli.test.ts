/**
 * A command line as nobody should type it: whatever comes, the program ends by itself with a code that it documents, says
 * what was wrong in words and not in stacks, sends the terminal nothing that it would obey, and shows no password.
 */
import fc from 'fast-check'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { test } from '../redis/stage.ts'
import type { Said } from './cli-child.ts'
import { drawing, sharpText, sharpValue, Tally } from './hostile.ts'

const CHILD = join(import.meta.dirname, '../dist/fuzz/cli-child.js')
const CODES = [0, 1, 2, 3, 4, 5]
const PASSWORD = 'hunter2-zebra'

/** None of those that go on until they are told to end: workers, and what waits or follows. */
const command = fc.constantFrom(
  ...['enqueue', 'get', 'cancel', 'notices', 'inspect', 'doctor', 'help', ''].map((one) => [one]),
  ...['workers', 'active', 'scheduled', 'stats', 'schedules', 'consumers'].map((what) => ['inspect', what]),
  ...['list', 'retry', 'discard'].map((what) => ['failed', what]),
  ...['pause', 'resume', 'purge', 'paused'].map((what) => ['queue', what]),
  ...['list', 'run'].map((what) => ['schedule', what]),
)

const option = fc.constantFrom(
  ...['--json', '--help', '--version', '--delay', '--id', '--task', '--limit', '--tag', '--reason', '--key'],
  ...[
    '--yes',
    '--all',
    '--namespace',
    '--tasks',
    '--config',
    '--priority',
    '--attempts',
    '--since',
    '--from',
    '--',
  ],
)

const word = fc.oneof(
  sharpText,
  sharpValue.map((value) => JSON.stringify(value)),
  option,
  fc.constantFrom('score', '0199f0c3-1111-7000-8000-000000000000', '5s', '-1', '1e9', '*', 'default'),
)

test('ends with a code, in words', async ({ url, namespace }) => {
  const child = fork(CHILD, { env: { PATH: process.env['PATH'], NO_COLOR: '1' }, stdio: 'pipe' })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'message')
  const run = async (typed: readonly string[]): Promise<Said> => {
    child.send(typed)
    const [said] = (await once(child, 'message', { signal: AbortSignal.timeout(30_000) })) as [Said]
    return said
  }
  const good = `--redis=${url}`
  const gone = `--redis=redis://ops:${PASSWORD}@127.0.0.1:1`
  const tally = new Tally('command lines')
  await fc.assert(
    fc.asyncProperty(
      fc.oneof({ weight: 9, arbitrary: fc.constant(good) }, { weight: 1, arbitrary: fc.constant(gone) }),
      command,
      fc.array(word, { maxLength: 4 }),
      async (redis, before, after) => {
        // First: behind an option that wants a value it would be that value.
        const words = [redis, `--namespace=${namespace}`, ...before, ...after]
        tally.add(words.join(' '))
        const { code, stdout, stderr } = await run(words.map((one) => one.replaceAll('\0', '')))
        expect(CODES, stderr).toContain(code)
        expect(`${stdout}${stderr}`).not.toContain(PASSWORD)
        expect(`${stdout}${stderr}`, 'a sequence that a terminal obeys').not.toContain('\u001B')
        expect(stderr, 'a stack').not.toMatch(/^\s+at .+:\d+:\d+\)?$/m)
        if (code !== 0 && code !== 1) expect(stderr).not.toBe('')
        expect(child.exitCode).toBe(null)
      },
    ),
    drawing('command lines', 100, 1),
  )
  tally.tell()
}, 600_000)
