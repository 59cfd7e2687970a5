/** A worker process, as a user would start one. */
import { openStore } from '@lovage/redis'
import { createWorker, handlerModule } from '@lovage/worker'
import { tasks } from '../tasks.ts'
import { inline } from './handlers.ts'
import { enter, ready } from './player.ts'
import { watched } from './watched-store.ts'

const { casting, scribe, place, leave } = enter()
const { who } = casting
const store = openStore(place)
const apart = handlerModule(new URL('./handlers.js', import.meta.url), { size: 1, maxJobs: 20 })

const worker = createWorker({
  tasks,
  store: watched(store, scribe),
  name: who,
  concurrency: 8,
  prefetch: 300, // as where no task tells of `started`
  lease: '3s',
  grace: '1s',
  drainTimeout: '3s',
  logLevel: 'silent',
  handlers: { ...inline, threaded: apart, apart },
})
worker.on('job.cancelled', ({ id }) => scribe.write('dropped', { id, why: 'cancelled' }))
worker.on('job.lost', ({ id }) => scribe.write('dropped', { id, why: 'lost' }))
worker.on('worker.error', ({ error, during }) =>
  scribe.write('refused', { call: `worker: ${during}`, id: '', code: null, message: String(error) }),
)
leave.addEventListener('abort', () => void worker.stop())
ready()
await worker.run()
await store.close()
process.exit(0)
