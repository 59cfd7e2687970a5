// `lovage notices`: for people in a terminal, for programs behind a pipe.
import { newJobId } from '@lovage/core'
import { stripVTControlCharacters } from 'node:util'
import { expect } from 'vitest'
import { hasTerminals, ID, test } from './program.ts'

// oxlint-disable-next-line no-control-regex -- the beginning of what colours a terminal
const COLOUR = /\u001b\[/

const enqueue = (text: string): string[] => ['enqueue', 'score', `{"texts":["${text}"]}`, '--wait']

test('the history is printed oldest first, a line for each notice', async ({ lovage, worker }) => {
  await worker()
  await lovage(enqueue('great'))
  await lovage(['enqueue', 'mail.send', '{"to":"nobody"}', '--wait'])
  const { stdout, stderr, code } = await lovage(['notices'])
  const line = (rest: string): RegExp => new RegExp(`^\\d\\d:\\d\\d:\\d\\d\\.\\d{3}  ${rest}$`)
  const id = ID.source
  expect(stdout.trimEnd().split('\n')).toEqual([
    expect.stringMatching(line(`started    score  ${id}`)),
    expect.stringMatching(line(`progress   score  ${id}  {"done":1,"total":1}`)),
    expect.stringMatching(line(`succeeded  score  ${id}  \\[{"text":"great","label":"positive"}\\]`)),
    expect.stringMatching(line(`failed     mail\\.send  ${id}  Error: nobody is no mailbox of ours`)),
  ])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

test('the history is narrowed by task, type, job and number', async ({ lovage, worker }) => {
  await worker()
  const id = newJobId()
  await lovage([...enqueue('great'), '--id', id])
  await lovage(['enqueue', 'mail.send', '{"to":"nobody"}', '--wait'])
  const typesOf = async (...args: string[]): Promise<string[]> =>
    (await lovage(['notices', '--json', ...args])).stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type)
  expect(await typesOf('--task', 'mail.send')).toEqual(['failed'])
  expect(await typesOf('--type', 'started', '--type', 'failed')).toEqual(['started', 'failed'])
  expect(await typesOf('--job', id)).toEqual(['started', 'progress', 'succeeded'])
  expect(await typesOf('--last', '2')).toEqual(['succeeded', 'failed'])
  expect(await typesOf('--last', '1', '--type', 'progress')).toEqual(['progress'])
})

test('--follow tells what happens from now on, and --from goes on at a cursor without hole or repeat', async ({
  lovage,
  start,
  worker,
}) => {
  await worker()
  await lovage(enqueue('before'))
  const live = start(['notices', '--follow', '--json'])
  await live.until('stdout', /"type":"ready"/)
  await lovage(enqueue('after'))
  await live.until('stdout', /"type":"succeeded"/)
  expect(live.stdout).not.toContain('before')
  const documents = live.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; cursor: string })
  expect(documents.map(({ type }) => type)).toEqual(['ready', 'started', 'progress', 'succeeded'])
  const rest = await lovage(['notices', '--json', '--from', (documents[1] as { cursor: string }).cursor])
  expect(rest.stdout.trim().split('\n')).toEqual(live.stdout.trim().split('\n').slice(2))
})

test('--follow with --last begins earlier, and goes on', async ({ lovage, start, worker }) => {
  await worker()
  await lovage(enqueue('before'))
  const live = start(['notices', '--follow', '--last', '1'])
  await live.until('stdout', /succeeded.*before/)
  await lovage(enqueue('after'))
  await live.until('stdout', /succeeded.*after/)
  expect(live.stdout.match(/started/g)).toHaveLength(1)
})

test('--follow of a job ends with its last notice', async ({ lovage, start, worker }) => {
  const id = newJobId()
  await lovage(['enqueue', 'score', '{"texts":["great"]}', '--id', id])
  const following = start(['notices', '--follow', '--job', id])
  await worker()
  expect(await following.ended()).toMatchObject({ code: 0, stdout: expect.stringMatching(/succeeded.*\n$/) })
})

test('what was trimmed from the history is told', async ({ lovage, worker, redis, key }) => {
  await worker()
  await lovage(enqueue('great'))
  await redis.xtrim(key('outcomes'), 'MAXLEN', 1)
  expect((await lovage(['notices'])).stdout).toMatch(/^2 earlier notice\(s\) were trimmed/)
  expect((await lovage(['notices', '--json'])).stdout).toMatch(/^\{"type":"gap".*"missed":2\}\n/)
})

test('a reader that goes early is no mistake', async ({ lovage, shell, worker }) => {
  await worker()
  const line = 'lovage notices --follow --from start | head -1; echo "${PIPESTATUS[@]}"'
  await using piped = shell(line)
  let isOver = false
  const ended = piped.ended().finally(() => (isOver = true))
  while (!isOver) await lovage(enqueue('great')) // whoever has nothing to say does not learn that nobody listens
  const { stdout, stderr } = await ended
  expect(stdout).toMatch(/^.*started {4}score .*\n0 0\n$/)
  expect(stderr).toBe('')
})

test('a pipe gets no colours, unless they are forced; NO_COLOR goes before that', async ({
  lovage,
  worker,
}) => {
  await worker()
  await lovage(enqueue('great'))
  expect((await lovage(['notices'])).stdout).not.toMatch(COLOUR)
  expect((await lovage(['notices'], { env: { CI: 'true' } })).stdout).not.toMatch(COLOUR)
  expect((await lovage(['notices'], { env: { FORCE_COLOR: '1' } })).stdout).toMatch(COLOUR)
  expect((await lovage(['notices'], { env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).stdout).not.toMatch(COLOUR)
  expect((await lovage(['--help'], { env: { FORCE_COLOR: '1' } })).stdout).toMatch(COLOUR)
  expect((await lovage(['--help'])).stdout).not.toMatch(COLOUR)
})

test.skipIf(!hasTerminals)(
  'a terminal gets colours, and lines that fit; not with NO_COLOR',
  async ({ lovage, terminal, worker }) => {
    await worker()
    await lovage(enqueue('x'.repeat(200)))
    const shown = (await terminal(['notices']).ended()).stdout
    expect(shown).toMatch(COLOUR)
    const lines = stripVTControlCharacters(shown).trim().split('\r\n')
    expect(Math.max(...lines.map((line) => line.length))).toBe(110)
    const plain = (await terminal(['notices'], { env: { NO_COLOR: '1' } }).ended()).stdout
    expect(plain).not.toMatch(COLOUR)
  },
)

test('what a job says cannot steer the terminal', async ({ lovage, worker }) => {
  await worker()
  const evil = JSON.stringify({ to: '\u001b]0;owned\u0007\u009b31m\nnobody' })
  const { stderr } = await lovage(['enqueue', 'mail.send', evil, '--wait'])
  const { stdout } = await lovage(['notices', '--type', 'failed'])
  for (const text of [stderr, stdout]) {
    // oxlint-disable-next-line no-control-regex -- nothing of that may be left
    expect(text).not.toMatch(/[\u001b\u0007\u009b]/)
    expect(text).toContain(String.raw`\x1b]0;owned\x07\x9b31m`)
  }
  expect(stdout.trim().split('\n')).toHaveLength(1)
})
