/** An API process. A token is its owner's name. */
import { createQueue, serve } from '@lovage/server'
import { tasks } from '../tasks.ts'
import { enter, ready } from './player.ts'

const { scribe, place, leave } = enter()
const queue = createQueue({ tasks, ...place, onWarning: () => {} })
const server = await serve({
  queue,
  authenticate: (token) => token,
  port: 0,
  keepAlive: { pingMs: 2_000, pongWaitMs: 1_000 },
  maxGroups: 10,
  onError: ({ error, path }) => {
    if (error.code === 'INTERNAL_SERVER_ERROR' && path !== undefined)
      scribe.write('refused', {
        call: `api: ${path}`,
        id: '',
        code: null,
        message: String(error.cause ?? error),
      })
  },
})
export type AppRouter = typeof server.router

leave.addEventListener('abort', () => {
  void server
    .close()
    .then(() => queue.close())
    .then(() => process.exit(0))
})
ready({ port: server.port })
