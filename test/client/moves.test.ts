// A client that moves from one server to the next while notices come: both bring some of them for a while, and the next
// one may have read less of the feed than the client has seen.
import { type Notice, queueOver } from '@lovage/core'
import { serve } from '@lovage/server'
import { expect, test } from 'vitest'
import { altered } from '../core/stage.ts'
import { tasks } from '../kit/contract.ts'
import { createHarness, type Harness } from '../kit/harness.ts'
import { transports } from '../kit/transports.ts'

/** Another API process, whose reader of the feed stands still until it is let go on. */
async function startSlow(it: Harness<typeof tasks>) {
  let letGoOn = (): void => {}
  const gate = new Promise<void>((resolve) => {
    letGoOn = resolve
  })
  const store = altered(it.store, {
    live: async function* (after, signal) {
      await gate
      yield* it.store.live(after, signal)
    },
  })
  const queue = queueOver(tasks, store)
  const server = await serve({ queue, authenticate: (token) => token, closeGraceMs: 0 })
  it.cleanUp(() => server.close())
  await queue.notices().next() // its reader has its place
  return { server, letGoOn }
}

test.each(transports)(
  'by %s, a next server that has read less than the client has seen gives him nothing twice',
  async (_, transport) => {
    await using it = await createHarness(tasks, { closeGraceMs: 10_000 })
    const { jobs } = it.client(transport)
    const slow = await startSlow(it)
    const enqueued: string[] = []
    const end = async (): Promise<void> => {
      enqueued.push((await it.queue.sweep.enqueue(undefined, { owner: 'ada' })).id)
      await it.driver.succeed(await it.driver.next(), undefined)
    }

    const seen: string[] = []
    let heard: (notice: Notice) => void = () => {}
    const reads = (async () => {
      for await (const notice of jobs.notices({ types: ['succeeded'] })) {
        if ('jobId' in notice) seen.push(notice.jobId)
        heard(notice)
        if (seen.length === 6) return
      }
    })()
    const hears = (count: number): Promise<void> =>
      new Promise((resolve) => {
        heard = () => void (seen.length >= count && resolve())
      })
    await new Promise<void>((resolve) => {
      heard = ({ type }) => void (type === 'ready' && resolve())
    })

    // Three are seen here, of which the next server has read nothing yet.
    const three = hears(3)
    for (let n = 0; n < 3; n++) await end()
    await three
    it.line.target = slow.server.port
    await it.server.close() // resolves when he has moved
    slow.letGoOn()
    for (let n = 0; n < 3; n++) await end()
    await reads
    expect(seen).toEqual(enqueued)
  },
)
