import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { JobContext } from './handler.ts'
import { isRunnable, task } from './task.ts'
import { defineTasks } from './tasks.ts'

describe('task', () => {
  test('has defaults that production would choose', () => {
    expect(task()).toEqual({
      kind: 'task',
      name: undefined,
      input: undefined,
      output: undefined,
      progress: undefined,
      retry: { attempts: 3, type: 'exponential', firstMs: 1_000, maxMs: 600_000 },
      timeLimitMs: 300_000,
      resultTtlMs: undefined,
      notices: [],
      isolation: 'inline',
    })
  })

  test('reads its options', () => {
    const input = z.object({ to: z.string() })
    const output = z.number()
    const progress = z.object({ done: z.number() })
    const options = {
      name: 'mail.send',
      input,
      output,
      progress,
      retry: { attempts: 5, backoff: { type: 'fixed', delay: '2s' } },
      timeLimit: '90s',
      resultTtl: '7d',
      notices: ['queued', 'started'],
      isolation: 'process',
    } as const
    expect(task(options)).toEqual({
      kind: 'task',
      name: 'mail.send',
      input,
      output,
      progress,
      retry: { attempts: 5, type: 'fixed', firstMs: 2_000, maxMs: 600_000 },
      timeLimitMs: 90_000,
      resultTtlMs: 604_800_000,
      notices: ['queued', 'started'],
      isolation: 'process',
    })
  })

  test('refuses at once what cannot be, and names the option', () => {
    expect(() => task({ retry: { attempts: 0 } })).toThrow('attempts')
    expect(() => task({ timeLimit: 'soon' as '1s' })).toThrow('timeLimit')
    expect(() => task({ resultTtl: -1 })).toThrow('resultTtl')
    expect(() => task({ isolation: 'fork' as 'process' })).toThrow('isolation')
    expect(() => task({ retry: { backoff: { type: 'fixed', delay: 'soon' as '1s' } } })).toThrow(
      'retry.backoff.delay',
    )
  })

  test('is runnable only with a handler of its own', () => {
    expect(isRunnable(task())).toBe(false)
    expect(isRunnable(task({ run: () => {} }))).toBe(true)
  })
})

describe('run', () => {
  const hello = task({ input: z.string().default('Bob'), output: z.string(), run: (name) => `Hello ${name}` })

  test('fills in the default of what was not passed', async () => {
    expect(await hello.run()).toBe('Hello Bob')
    expect(await hello.run('Ada')).toBe('Hello Ada')
  })

  test('fills in the defaults within an object', async () => {
    const { greet } = defineTasks({
      greet: task({
        input: z.object({ name: z.string().default('Bob'), times: z.coerce.number().default(1) }),
        output: z.array(z.string()),
        run: ({ name, times }) => Array.from({ length: times }, () => name),
      }),
    })
    expect(await greet.run({})).toEqual(['Bob'])
    expect(await greet.run({ times: '2', name: 'Ada' })).toEqual(['Ada', 'Ada'])
  })

  test('gives the handler the parsed input and the caller the parsed output', async () => {
    const add = task({
      input: z.object({ at: z.string().transform((text) => new Date(text)) }),
      output: z.number().transform((n) => `${n}`),
      run: ({ at }) => at.getUTCFullYear(),
    })
    expect(await add.run({ at: '2026-11-21' })).toBe('2026')
  })

  test('refuses an input without calling the handler, and lists each issue with its path', async () => {
    let calls = 0
    const { score } = defineTasks({
      score: task({ input: z.object({ texts: z.array(z.string()).min(1) }), run: () => void calls++ }),
    })
    await expect(score.run({ texts: ['a', 1 as unknown as string] })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      details: { task: 'score', issues: [{ path: 'texts[1]' }] },
    })
    expect(calls).toBe(0)
  })

  test('refuses what the handler returned when the schema does, undefined included', async () => {
    const { deep } = defineTasks({
      deep: {
        wrong: task({
          output: z.object({ n: z.number() }),
          run: () => undefined as unknown as { n: number },
        }),
      },
    })
    await expect(deep.wrong.run()).rejects.toMatchObject({
      code: 'OUTPUT_INVALID',
      details: { task: 'deep.wrong' },
    })
  })

  test('gives undefined where no output was promised, whatever the handler returns', async () => {
    expect(await task({ run: () => 'surprise' as unknown as void }).run()).toBeUndefined()
  })

  test('waits for schemas and handlers that take their time', async () => {
    const slow = task({
      input: z.number().refine(async (n) => n > 0),
      output: z.number().transform(async (n) => n * 2),
      run: async (n) => n + 1,
    })
    expect(await slow.run(1)).toBe(4)
    await expect(slow.run(-1)).rejects.toMatchObject({ code: 'INPUT_INVALID' })
  })

  test('lets through what the handler throws', async () => {
    const thrown = new RangeError('no such row')
    const fails = task({
      run: () => {
        throw thrown
      },
    })
    await expect(fails.run()).rejects.toBe(thrown)
  })

  test('gives the handler a context that works without a queue, or the parts that the caller passes', async () => {
    const seen: JobContext[] = []
    const { mail } = defineTasks({
      mail: {
        send: task({
          progress: z.number(),
          run: (_, context) => {
            context.progress(0.5)
            seen.push(context)
          },
        }),
      },
    })
    await mail.send.run()
    expect(seen[0]).toMatchObject({ job: { id: 'direct', task: 'mail.send', attempt: 1, owner: null } })
    expect(seen[0]!.signal.aborted).toBe(false)
    const reports: number[] = []
    await mail.send.run(undefined, {
      progress: (report) => void reports.push(report),
      signal: AbortSignal.abort(),
    })
    expect(reports).toEqual([0.5])
    expect(seen[1]!.signal.aborted).toBe(true)
    expect(seen[1]!.job.id).toBe('direct')
  })

  test('can be taken off its task', async () => {
    const { run } = defineTasks({ hello }).hello
    expect(await run('Ada')).toBe('Hello Ada')
  })
})
