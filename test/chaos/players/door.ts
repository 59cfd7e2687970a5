/** How a player gets at jobs: beside Redis, or through an API process by websocket or Server-Sent Events. */
import { createJobsClient } from '@lovage/client'
import { sse } from '@lovage/client/sse'
import { createQueue } from '@lovage/server'
import { tasks } from '../tasks.ts'
import type { AppRouter } from './api.ts'
import type { Player } from './player.ts'

export type Way = 'beside' | 'ws' | 'sse'

export function doorOf(way: Way, { casting, place }: Player, owner: string) {
  if (way === 'beside') {
    const queue = createQueue({ tasks, ...place, onWarning: () => {} })
    return { jobs: queue, owned: { owner }, close: () => queue.close() }
  }
  const client = createJobsClient<AppRouter>({
    url: casting.apiUrl,
    auth: () => owner,
    // Some connections stay silent for good.
    keepAlive: { intervalMs: 3_000, pongTimeoutMs: 2_000 },
    callTimeout: '10s',
    ...(way === 'sse' && { transport: sse({ maxStreams: 100 }) }),
  })
  return { jobs: client.jobs, owned: {}, close: () => client.close() }
}

export type Door = ReturnType<typeof doorOf>
