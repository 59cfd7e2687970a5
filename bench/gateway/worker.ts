/** A worker for the callers of a gateway. It says so when it claims, and once so many jobs are done. */
import { createWorker } from '@lovage/worker'
import { tasks } from './tasks.ts'

export async function worker(url: string, namespace: string): Promise<void> {
  let done = 0
  let expected = Number.POSITIVE_INFINITY
  const look = (): void => {
    if (done >= expected) process.send?.({})
  }
  const one = createWorker({
    tasks,
    redis: url,
    namespace,
    logLevel: 'error',
    concurrency: 100,
    handlers: { nothing: () => ({ ok: true }) },
  })
  one.on('job.succeeded', () => {
    done += 1
    if (done === expected) look()
  })
  process.on('message', (question: { expected: number }) => {
    expected = question.expected
    look()
  })
  await one.start()
  process.send?.({})
}
