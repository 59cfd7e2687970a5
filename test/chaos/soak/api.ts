/** The API process of a soak, through which guests come and go. */
import { createQueue, serve } from '@lovage/server'
import { enter } from './hand.ts'
import { FAILED, RESULTS, STREAM_MAX_LEN, tasks } from './tasks.ts'

const { cast, leave } = enter()
const queue = createQueue({
  tasks,
  redis: { url: cast.redisUrl, streamMaxLen: STREAM_MAX_LEN, failed: FAILED, results: RESULTS },
  namespace: cast.namespace,
  onWarning: () => {},
})
const server = await serve({ queue, owner: 'public', port: 0 })
export type AppRouter = typeof server.router

leave.addEventListener('abort', () => {
  void server
    .close()
    .then(() => queue.close())
    .then(() => process.exit(0))
})
process.send?.({ ready: true, port: server.port })
