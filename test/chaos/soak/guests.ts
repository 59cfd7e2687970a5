/** Those who come and go at the API: they follow the feed, follow a job, await a result, consume, and leave again. */
import { setTimeout as pause } from 'node:timers/promises'
import { createJobsClient } from '@lovage/client'
import { sse } from '@lovage/client/sse'
import type { AppRouter } from './api.ts'
import { enter } from './hand.ts'

const { cast, leave } = enter()
const STAY_MS = 300
let visits = 0

const clientOf = (n: number) =>
  createJobsClient<AppRouter>({ url: cast.apiUrl, ...(n % 2 === 1 && { transport: sse() }) })

async function visit(n: number): Promise<void> {
  const client = clientOf(n)
  const { jobs } = client
  const stop = AbortSignal.any([AbortSignal.timeout(STAY_MS), leave])
  try {
    switch (n % 5) {
      case 0:
        for await (const _ of jobs.notices({ signal: stop, types: ['failed'] })) if (stop.aborted) break
        break
      case 1:
        for await (const _ of await jobs.said.enqueue({ n })) if (leave.aborted) break
        break
      case 2:
        await (await jobs.plain.enqueue({ n }, { delay: 50 })).result({ timeout: '30s' })
        break
      case 3:
        await (await jobs.plain.enqueue({ n }, { delay: '10s' })).cancel('no more')
        break
      case 4:
        for await (const notice of jobs.consume('guests', { types: ['failed'], signal: stop }))
          await notice.ack()
    }
  } catch (error) {
    if (!leave.aborted) console.error(error)
  } finally {
    await client.close()
  }
}

async function room(n: number): Promise<void> {
  for (let k = n; !leave.aborted; k += 4) {
    await visit(k)
    visits += 1
    await pause(20)
  }
}

process.send?.({ ready: true })
await Promise.all([0, 1, 2, 3].map(room))
await createAndDeleteGroup()
process.send?.({ visits })
process.exit(0)

async function createAndDeleteGroup(): Promise<void> {
  const client = clientOf(0)
  await client.jobs.deleteGroup('guests')
  await client.close()
}
