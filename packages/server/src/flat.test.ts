// One middleware in the place of many: nobody can tell by what comes out.
import { initTRPC, TRPCError } from '@trpc/server'
import { expect, test } from 'vitest'
import { flattened } from './flat.ts'

const t = initTRPC.context<{ who: string }>().create()

/** A procedure with all that ours are made of, whose parts fail by name; and what its middlewares saw. */
function procedure(failing: string, saw: unknown[]) {
  const fail = (name: string): void => {
    if (name === failing)
      throw name === 'first' ? new TRPCError({ code: 'FORBIDDEN', message: name }) : new Error(name)
  }
  return t.procedure
    .use(async ({ next, ctx }) => {
      fail('first')
      const answer = await next({ ctx: { ...ctx, first: 1 } })
      saw.push(answer.ok, answer.ok || answer.error.message)
      return answer
    })
    .errors(({ shape, error }) => {
      return { ...shape, message: `formatted ${error.message}` }
    })
    .input((raw: unknown) => {
      fail('parse')
      return { ...(raw as { n: number }), parsed: true }
    })
    .use(async ({ next, input }) => {
      fail('second')
      saw.push(input, await next())
      return await next({ ctx: { second: 2 } })
    })
    .query(({ ctx, input }) => {
      fail('last')
      return { ctx, input }
    })
}

async function outcome(failing: string, change: (record: { ask: ReturnType<typeof procedure> }) => void) {
  const saw: unknown[] = []
  const record = { ask: procedure(failing, saw) }
  change(record)
  const answer = await t
    .router(record)
    .createCaller({ who: 'ada' })
    .ask({ n: 1, parsed: false })
    .catch((error: TRPCError) => {
      return { code: error.code, message: error.message, cause: error.cause?.message }
    })
  return JSON.parse(JSON.stringify({ answer, saw })) as unknown
}

test.each(['nothing', 'first', 'parse', 'second', 'last'])('where %s fails', async (failing) => {
  const expected = await outcome(failing, () => {})
  expect(await outcome(failing, (record) => flattened(record, []))).toEqual(expected)
  expect(JSON.stringify(expected)).toContain(failing === 'nothing' ? '"second":2' : `"message":"${failing}"`)
})
