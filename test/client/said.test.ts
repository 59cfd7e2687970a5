// What handlers say, in a client: with a real worker, through cuts, later, and by its own word not at all.
import type { Notice } from '@lovage/core'
import { createWorker } from '@lovage/worker'
import { expect, expectTypeOf, test } from 'vitest'
import { tasks } from '../kit/contract.ts'
import { createHarness } from '../kit/harness.ts'
import { gate } from '../worker/harness.ts'

const textOf = (notices: readonly Notice[]): string =>
  notices.flatMap((notice) => (notice.type === 'chunk' ? [notice.text] : [])).join('')
const messagesOf = (notices: readonly Notice[]): string[] =>
  notices.flatMap((notice) =>
    notice.type === 'log' ? notice.lines.map(({ n, level, message }) => `${n} ${level} ${message}`) : [],
  )

test('a handler that talks: each line and every character, once and in order, through cut cables', async () => {
  await using it = await createHarness(tasks)
  const goOn = gate()
  const nothing = { sweep: () => {}, mail: { send: () => new Map(), greet: () => 'hello' } }
  const worker = createWorker({
    tasks,
    store: it.store,
    logLevel: 'silent',
    handlers: {
      ...nothing,
      async score(_input, { log, chunk }) {
        log('reading', { texts: 0 })
        for (const word of ['Once ', 'upon ', 'a ']) chunk(word)
        await goOn.promise
        log.warn('nearly there')
        for (const word of ['time', '. ✓']) chunk(word)
        return []
      },
    },
  })
  it.cleanUp(() => worker.stop({ timeout: 0 }))
  await worker.start()
  const { jobs } = it.client()
  const job = await jobs.score.enqueue({ texts: [] })
  const seen: Notice[] = []
  for await (const notice of job) {
    seen.push(notice)
    if (notice.type === 'log') {
      expectTypeOf(notice.lines[0]!.level).toEqualTypeOf<'debug' | 'info' | 'warn' | 'error'>()
      it.line.cut()
    }
    if (textOf(seen) === 'Once upon a ') goOn.open()
  }
  expect(textOf(seen)).toBe('Once upon a time. ✓')
  expect(messagesOf(seen)).toEqual(['1 info reading', '2 warn nearly there'])
  expect(seen.at(-1)?.type).toBe('succeeded')

  // Another page, long after: the same words from what is kept with the job, then the end.
  const late: Notice[] = []
  for await (const notice of it.client().jobs.attach({ id: job.id, task: 'score' })) late.push(notice)
  expect(textOf(late)).toBe('Once upon a time. ✓')
  expect(messagesOf(late)).toEqual(messagesOf(seen))
  expect(late.at(-1)?.type).toBe('succeeded')

  const quiet: Notice[] = []
  for await (const notice of it.client().jobs.attach({ id: job.id, task: 'score' }).notices({ logs: false }))
    quiet.push(notice)
  expect(quiet.map(({ type }) => type)).toEqual(['succeeded'])
})

test('a bare client asks for words, or against them; nonsense is refused', async () => {
  await using it = await createHarness(tasks)
  const { jobs } = it.bare()
  const { id } = await jobs.score.enqueue.mutate({ input: { texts: [] } })
  const claimed = await it.driver.next()
  await it.driver.say(claimed, 1, { line: 'one' })
  await it.driver.succeed(claimed, [])
  const types = async (input: Parameters<typeof jobs.score.notices.subscribe>[0]): Promise<string[]> => {
    const seen: string[] = []
    for await (const { data } of jobs.score.notices.subscribe(input)) {
      if (data.type === 'ready') break
      seen.push(data.type)
    }
    return seen
  }
  expect(await types({ id })).toEqual(['log', 'succeeded'])
  expect(await types({ id, logs: false })).toEqual(['succeeded'])
  expect(await types({ from: 'start' })).toEqual(['log', 'succeeded'])
  expect(await types({ from: 'start', logs: false })).toEqual(['succeeded'])
  expect(await types({ from: 'start', types: ['log'] })).toEqual(['log'])
  await expect(types({ id, logs: 'no' as never })).rejects.toMatchObject({
    data: { lovage: { code: 'OPTION_INVALID', details: { option: 'logs' } } },
  })
})
