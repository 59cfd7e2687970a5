/** A worker of a soak. */
import { createWorker } from '@lovage/worker'
import { enter } from './hand.ts'
import { FAILED, RESULTS, STREAM_MAX_LEN, tasks } from './tasks.ts'

const { cast, leave } = enter()
const { redisUrl, namespace, name } = cast
const same = ({ n }: { n: number }): { n: number } => ({ n })

const worker = createWorker({
  tasks,
  redis: {
    url: redisUrl,
    streamMaxLen: STREAM_MAX_LEN,
    failed: FAILED,
    results: RESULTS,
    onWarning: () => {},
  },
  namespace,
  name,
  concurrency: 100,
  prefetch: 300, // as where no task tells of `started`
  logLevel: 'silent',
  handlers: {
    plain: same,
    keyed: same,
    ordered: same,
    single: same,
    rated: same,
    tagged: same,
    expiring: same,
    said({ n }, { progress, log, chunk }) {
      progress({ step: n })
      log('a line', { n })
      chunk('a piece')
      return { n }
    },
    flaky({ n }, { job: { attempt } }) {
      if (n % 3 === 0 || attempt === 1) throw new Error('as planned')
      return { n }
    },
    tick() {},
  },
})
leave.addEventListener('abort', () => void worker.stop())
process.send?.({ ready: true })
await worker.run()
process.exit(0)
