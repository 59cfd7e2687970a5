// One job from the command line: put in line, looked at, waited for, cancelled.
import { newJobId } from '@lovage/core'
import { expect } from 'vitest'
import { hasTerminals, ID, test } from './program.ts'

const score = ['enqueue', 'score', '{"texts":["great","awful"]}']
const scored = [
  { text: 'great', label: 'positive' },
  { text: 'awful', label: 'negative' },
]

test('enqueue prints the id alone, for a shell to keep, and needs no definition of the task', async ({
  lovage,
}) => {
  const { code, stdout, stderr } = await lovage(score)
  expect(stdout).toMatch(new RegExp(`^${ID.source}\n$`))
  expect(stderr).toBe('No worker is running; the job waits for one.\n')
  expect(code).toBe(0)
})

test('a job that waits is shown as queued, and has no result: exit code 5', async ({ lovage }) => {
  const id = (await lovage(score)).stdout.trim()
  expect((await lovage(['get', id])).stdout).toMatch(
    /^score {2}queued\n {2}id +[-0-9a-f]{36}\n {2}attempt +0\n/,
  )
  expect(await lovage(['result', id])).toMatchObject({
    code: 5,
    stdout: '',
    stderr: 'The job is queued and has no result yet. --wait waits for it.\n',
  })
  expect(JSON.parse((await lovage(['result', id, '--json'])).stdout)).toEqual({ id, state: 'queued' })
  expect(await lovage(['result', id, '--wait', '--timeout', '1ms'])).toMatchObject({
    code: 5,
    stderr: expect.stringContaining('had not ended after 1 ms'),
  })
})

test('enqueue --wait prints the result, and so does result afterwards', async ({ lovage, worker }) => {
  await worker()
  const waited = await lovage([...score, '--wait'])
  expect(waited).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(waited.stdout)).toEqual(scored)
  const id = (await lovage(score)).stdout.trim()
  expect(JSON.parse((await lovage(['result', id, '--wait'])).stdout)).toEqual(scored)
  expect((await lovage(['result', id, '--json'])).stdout).toBe(`${JSON.stringify(scored)}\n`)
  expect(JSON.parse((await lovage(['get', id, '--json'])).stdout)).toMatchObject({
    id,
    state: 'succeeded',
    result: scored,
  })
})

test('the input may come from stdin and from a file', async ({ lovage, worker, project }) => {
  await worker()
  const input = '{"texts":["fine"]}'
  const expected = [{ text: 'fine', label: 'positive' }]
  const piped = await lovage(['enqueue', 'score', '-', '--wait'], { stdin: input })
  expect(JSON.parse(piped.stdout)).toEqual(expected)
  const cwd = await project({ 'texts.json': input })
  const read = await lovage(['enqueue', 'score', '@texts.json', '--wait'], { cwd })
  expect(JSON.parse(read.stdout)).toEqual(expected)
})

test('a failed job ends with exit code 1, and its stack for the operator', async ({ lovage, worker }) => {
  await worker()
  const failed = await lovage(['enqueue', 'mail.send', '{"to":"nobody"}', '--wait'])
  expect(failed).toMatchObject({ code: 1, stdout: '' })
  expect(failed.stderr).toMatch(
    /^error: Job .* failed after 1 attempt\(s\): Error: nobody is no mailbox of ours\n/,
  )
  expect(failed.stderr).toMatch(/ {4}at send \(.*handlers\.ts:\d+:\d+\)/)
})

test('a value that JSON lacks is printed as it rests in Redis', async ({ lovage, worker }) => {
  await worker()
  const { stdout } = await lovage(['enqueue', 'mail.send', '{"to":"ada@example.org"}', '--wait'])
  expect(stdout).toBe('"1970-01-01T00:00:00.000Z"\n')
})

test('cancel ends a job and says so; a job that ended otherwise before is exit code 1', async ({
  lovage,
  worker,
}) => {
  const id = (await lovage(score)).stdout.trim()
  const first = await lovage(['cancel', id, '--by', 'ada', '--reason', 'wrong file'])
  expect(first).toMatchObject({ code: 0, stdout: 'cancelled\n' })
  expect(await lovage(['cancel', id])).toMatchObject({
    code: 0,
    stderr: 'Nothing to cancel: the job had ended before (cancelled).\n',
  })
  expect(await lovage(['result', id])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/was cancelled by ada: wrong file/),
  })
  expect((await lovage(['get', id])).stdout).toMatch(/by +ada\n +reason +wrong file/)
  await worker()
  const done = await lovage([...score, '--wait', '--id', newJobId(), '--json'])
  expect(done.code).toBe(0)
  const again = newJobId()
  await lovage([...score, '--wait', '--id', again])
  expect(await lovage(['cancel', again, '--json'])).toMatchObject({
    code: 1,
    stdout: `${JSON.stringify({ id: again, outcome: 'ended', state: 'succeeded' })}\n`,
  })
})

test('an unknown job is exit code 4', async ({ lovage }) => {
  const id = newJobId()
  for (const command of ['get', 'result', 'cancel']) {
    expect(await lovage([command, id])).toMatchObject({
      code: 4,
      stderr: `error: There is no job ${id}.\nIs it in another --namespace, or on another --redis?\n`,
    })
  }
  const told = JSON.parse((await lovage(['get', id, '--json'])).stderr) as object
  expect(told).toMatchObject({ error: { code: 'NOT_FOUND', details: { id } } })
})

test('options of a job are passed on', async ({ lovage }) => {
  const options = ['--delay', '1h', '--queue', 'mail', '--priority', '7', '--tag', 'a', '--tag', 'b']
  const id = (await lovage([...score, ...options, '--idempotency-key', 'k'])).stdout.trim()
  expect(JSON.parse((await lovage(['get', id, '--json'])).stdout)).toMatchObject({
    state: 'scheduled',
    queue: 'mail',
    priority: 7,
    tags: ['a', 'b'],
  })
  const shown = (await lovage(['get', id])).stdout
  expect(shown).toMatch(/due +\S+ \S+ \(in \d+m\)\n +queue +mail\n +priority +7\n +tags +a b\n$/)
  expect((await lovage([...score, '--idempotency-key', 'k'])).stdout.trim()).toBe(id)
})

test('a job that nobody starts in time is told as expired: exit code 1', async ({ lovage, worker }) => {
  await lovage(['queue', 'pause'])
  await worker()
  expect(await lovage([...score, '--expires-in', '1ms', '--wait'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('expired before a worker could start it'),
  })
})

test.skipIf(!hasTerminals)(
  'while one waits in a terminal a bar shows how far the job is, and its log above',
  async ({ terminal, lovage, worker }) => {
    await worker()
    const id = newJobId()
    await using watched = terminal(['enqueue', 'hold', '--id', id, '--wait'])
    await watched.until('stdout', /half of it is done \{"pages":12\}/)
    await watched.until('stdout', /█{12}.*░{12}.* 50 %.*\{"done":1,"total":2\}/)
    await lovage(['cancel', id, '--reason', 'seen enough'])
    const { code, stdout } = await watched.ended()
    expect(stdout).toMatch(/was cancelled: seen enough/)
    expect(code).toBe(1)
  },
)

test.skipIf(!hasTerminals)(
  'Ctrl-C while one waits leaves the job alone and says how to come back',
  async ({ terminal, lovage, worker }) => {
    await worker()
    const id = newJobId()
    await using watched = terminal(['enqueue', 'hold', '--id', id, '--wait'])
    await watched.until('stdout', / 50 %/)
    watched.child.stdin?.write('\u0003')
    const { code, stdout } = await watched.ended()
    expect(stdout).toContain(`The job goes on. Wait again: lovage result ${id} --wait.`)
    expect(code).toBe(130)
    expect(JSON.parse((await lovage(['get', id, '--json'])).stdout)).toMatchObject({ state: 'running' })
  },
)
