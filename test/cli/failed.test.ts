// `lovage failed`: what failed for good is listed, run again, or forgotten.
import { newJobId } from '@lovage/core'
import { expect } from 'vitest'
import { hasTerminals, ID, test } from './program.ts'

const send = (to: string, id: string): string[] => [
  'enqueue',
  'mail.send',
  `{"to":"${to}"}`,
  '--wait',
  '--id',
  id,
]

test('failed jobs are listed, newest first, with what went wrong', async ({ lovage, worker }) => {
  expect((await lovage(['failed', 'list'])).stdout).toBe('No failed job is kept.\n')
  await worker()
  const [first, second] = [newJobId(), newJobId()]
  await lovage(send('nobody', first))
  await lovage(send('somebody', second))
  const [head, ...rows] = (await lovage(['failed', 'list'])).stdout.trim().split('\n')
  expect(head).toMatch(/^JOB +TASK +ATTEMPTS +FAILED +ERROR$/)
  expect(rows).toEqual([
    expect.stringMatching(
      new RegExp(`^${second}  mail\\.send +1  .* ago +Error: somebody is no mailbox of ours$`),
    ),
    expect.stringMatching(new RegExp(`^${first} `)),
  ])
  const listed = async (...args: string[]): Promise<object[]> =>
    JSON.parse((await lovage(['failed', 'list', '--json', ...args])).stdout) as object[]
  expect(await listed('--limit', '1')).toMatchObject([
    {
      id: second,
      task: 'mail.send',
      attempt: 1,
      error: { name: 'Error', message: 'somebody is no mailbox of ours' },
    },
  ])
  expect(await listed('--task', 'score')).toEqual([])
})

test('a retry is a new job with the same input, and the old one is listed no more', async ({
  lovage,
  worker,
}) => {
  await worker()
  const id = newJobId()
  await lovage(send('nobody', id))
  const { stdout, code } = await lovage(['failed', 'retry', id])
  const [, again] = new RegExp(`^${id} → (${ID.source})\n$`).exec(stdout) ?? []
  expect(code).toBe(0)
  expect((await lovage(['result', again as string, '--wait'])).stderr).toContain('nobody is no mailbox')
  expect((await lovage(['failed', 'retry', '--all'])).stdout).toBe('1 in line again\n')
  expect(await lovage(['failed', 'retry', id])).toMatchObject({
    code: 4,
    stderr: `${id} was not retried: no failed job of that id is kept.\n`,
  })
})

test('many are forgotten only by somebody who says yes', async ({ lovage, worker }) => {
  await worker()
  for (const id of [newJobId(), newJobId()]) await lovage(send('nobody', id))
  expect(await lovage(['failed', 'discard', '--all'])).toMatchObject({
    code: 2,
    stderr: 'error: Forget all failed jobs? Nobody is here to answer.\n--yes answers beforehand.\n',
  })
  expect(await lovage(['failed', 'discard', '--task', 'mail.send', '--yes'])).toMatchObject({
    code: 0,
    stdout: '2 discarded\n',
  })
  expect((await lovage(['failed', 'list', '--json'])).stdout).toBe('[]\n')
})

test('one that is named is forgotten without a question', async ({ lovage, worker }) => {
  await worker()
  const id = newJobId()
  await lovage(send('nobody', id))
  expect(await lovage(['failed', 'discard', id])).toMatchObject({ code: 0, stdout: `${id} discarded\n` })
  expect(await lovage(['failed', 'discard', id])).toMatchObject({ code: 4 })
})

test('what is typed is repeated as nothing that a terminal obeys', async ({ lovage }) => {
  const { code, stderr } = await lovage(['failed', 'retry', '\u001B[2Jx'])
  expect(code).toBe(4)
  expect(stderr).not.toContain('\u001B')
  expect(stderr).toContain('x was not retried')
})

test('one that is not there is said to be missing with --json as well, and the others are done', async ({
  lovage,
  worker,
}) => {
  await worker()
  const [there, missing] = [newJobId(), newJobId()]
  await lovage(send('nobody', there))
  const { code, stdout, stderr } = await lovage(['failed', 'discard', missing, there, '--json'])
  expect(code).toBe(4)
  expect(JSON.parse(stdout)).toEqual({ id: there })
  expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'NOT_FOUND', details: { id: missing } } })
})

test.for([
  ['failed', 'retry'],
  ['failed', 'retry', 'x', '--all'],
  ['failed', 'discard'],
])('without saying which ones, or in two ways, nothing is done: %s', async (args, { lovage }) => {
  expect(await lovage(args)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Name jobs by their ids, or'),
  })
})

test.skipIf(!hasTerminals)(
  'at a terminal a no is a no, and a yes a yes',
  async ({ lovage, terminal, worker }) => {
    await worker()
    await lovage(send('nobody', newJobId()))
    for (const [answer, kept] of [
      ['n', 1],
      ['yes', 0],
    ] as const) {
      await using asking = terminal(['failed', 'discard', '--all'])
      await asking.until('stdout', /Forget all failed jobs\? \[y\/N\]/)
      asking.child.stdin?.write(`${answer}\r`)
      await asking.ended()
      expect(JSON.parse((await lovage(['failed', 'list', '--json'])).stdout)).toHaveLength(kept)
    }
  },
)
