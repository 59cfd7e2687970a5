import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import type { FlowProgress, KeptPart } from './flow.ts'
import { chain, chord, group, keep } from './flow-calls.ts'
import type { Queue } from './queue.ts'
import { task } from './task.ts'
import type { defineTasks } from './tasks.ts'

const definitions = {
  fetch: task({ input: z.string(), output: z.object({ body: z.string() }) }),
  words: task({ input: z.object({ body: z.string() }), output: z.array(z.string()), progress: z.string() }),
  count: task({ input: z.array(z.string()), output: z.number() }),
  tell: task({ input: z.number(), output: z.boolean() }),
  sum: task({ input: z.array(z.number()), output: z.number() }),
  pair: task({ input: z.tuple([z.number(), z.boolean()]), output: z.string() }),
  date: task({ input: z.string().transform((text) => new Date(text)), output: z.string() }),
  sweep: task(),
}
declare const queue: Queue<ReturnType<typeof defineTasks<typeof definitions>>>
const { fetch, words, count, tell, sum, pair, date } = queue

test('a chain is of the types of its last step, and its handle tells how far its parts are', async () => {
  const flow = chain(fetch.call('x'), words.step(), count.step({ attempts: 5 }), tell.step())
  const handle = await queue.enqueueFlow(flow)
  expectTypeOf(await handle.result()).toEqualTypeOf<boolean>()
  expectTypeOf(handle.task).toEqualTypeOf<'tell'>()
  for await (const notice of await queue.enqueueFlow(chain(fetch.call('x'), words.step())))
    if (notice.type === 'progress') expectTypeOf(notice.data).toEqualTypeOf<string | FlowProgress>()
})

test('a step that cannot take what comes does not compile', () => {
  // @ts-expect-error count takes a list of texts, and fetch gives an object
  chain(fetch.call('x'), count.step())
  // @ts-expect-error nor does it in the middle
  chain(fetch.call('x'), words.step(), tell.step(), sum.step())
  // @ts-expect-error a transformed input is that of the caller
  chain(tell.call(1), date.step())
  // @ts-expect-error a task that takes nothing takes no output
  chain(fetch.call('x'), queue.sweep.step())
  // @ts-expect-error a step has no input of its own
  chain(words.step(), count.step())
  // @ts-expect-error a call has its input already
  chain(fetch.call('x'), words.call({ body: '' }))
  // @ts-expect-error the input of a call is checked
  fetch.call(1)
  // @ts-expect-error a chain has at least two links
  chain(fetch.call('x'))
})

test('a group gives a list, in order, of what its members give', async () => {
  const both = group([sum.call([1]), tell.call(2)])
  expectTypeOf(await (await queue.enqueueFlow(both)).result()).toEqualTypeOf<[number, boolean]>()
  const many = group(['a', 'b'].map((url) => chain(fetch.call(url), words.step(), count.step())))
  expectTypeOf(await (await queue.enqueueFlow(many)).result()).toEqualTypeOf<number[]>()
  const nested = group([group([sum.call([1]), sum.call([2])]), tell.call(3)])
  expectTypeOf(await (await queue.enqueueFlow(nested)).result()).toEqualTypeOf<[[number, number], boolean]>()
})

test('a chord gives the list to one more step', async () => {
  expectTypeOf(
    await (await queue.enqueueFlow(chord([sum.call([1]), tell.call(2)], pair.step()))).result(),
  ).toEqualTypeOf<string>()
  const many = [1, 2].map((n) => sum.call([n]))
  const total = chain(chord(many, sum.step()), tell.step())
  expectTypeOf(await (await queue.enqueueFlow(total)).result()).toEqualTypeOf<boolean>()
  chain(group(many), sum.step())
  // @ts-expect-error the list is of a number and a boolean
  chord([sum.call([1]), tell.call(2)], sum.step())
  // @ts-expect-error it is a pair, not three
  chord([sum.call([1]), tell.call(2), tell.call(2)], pair.step())
})

test('what is kept gives its value or its error, and only to whoever takes both', async () => {
  const results = group([keep(sum.call([1])), tell.call(2)])
  expectTypeOf(await (await queue.enqueueFlow(results)).result()).toEqualTypeOf<[KeptPart<number>, boolean]>()
  // @ts-expect-error tell takes a number
  chain(keep(sum.call([1])), tell.step())
  // @ts-expect-error so it does in the middle of a chain
  chain(fetch.call('x'), words.step(), keep(count.step()), tell.step())
})

test('options of a flow are those that make sense there', () => {
  fetch.call('x', { priority: 3, delay: '1m', queue: 'slow', concurrencyKey: 'a' })
  words.step({ expiresIn: '1h' })
  // @ts-expect-error a step starts when its input is there
  words.step({ delay: '1m' })
  // @ts-expect-error another job would stand for it
  fetch.call('x', { idempotencyKey: 'a' })
  // @ts-expect-error the owner is that of the whole flow
  fetch.call('x', { owner: 'ada' })
  void queue.enqueueFlow(fetch.call('x'), { owner: 'ada', idempotencyKey: 'a' })
})
