/** What a thread or process of a pool runs: it loads one handler module, and then one job after the other. */
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { isLovageError, type WithTrace } from '@lovage/core'
import { failureOf } from '../failure.ts'
import { ChildJobs } from './child-jobs.ts'
import { type LoadedModule, loadModule } from './load-module.ts'
import type { ChildData, Order, Word } from './messages.ts'
import type { WatchData } from './watch-parent.ts'

/** Where `open-process.ts` puts the pipe. */
const PARENT_FD = 4

/** How often it looks at its memory for those who look on. */
const WEIGH_MS = 5_000

const isThread = parentPort !== null
const data = (isThread ? workerData : JSON.parse(process.argv[2] as string)) as ChildData

function say(word: Word): void {
  if (parentPort !== null) parentPort.postMessage(word)
  else if (process.connected) process.send?.(word, undefined, undefined, () => {}) // else the worker is gone
}

process.on('unhandledRejection', (thrown) =>
  say({ type: 'mistake', error: failureOf(thrown), during: 'a promise that nobody handles' }),
)
if (!isThread) {
  // A terminal or a container sends these to everybody; it is for the worker to say what they mean.
  process.on('SIGTERM', () => {}).on('SIGINT', () => {})
  const workerData: WatchData = { fd: PARENT_FD }
  new Worker(new URL('./watch-parent.js', import.meta.url), { workerData, name: 'lovage-parent' }).unref()
}

let module: LoadedModule | undefined
const jobs = new ChildJobs(data.isWeighed ? memoryBytes : nowAndThen(memoryBytes), say)

function nowAndThen(weigh: () => number): () => number | null {
  let nextAt = 0
  return () => {
    const now = performance.now()
    if (now < nextAt) return null
    nextAt = now + WEIGH_MS
    return weigh()
  }
}

/** Threads share the resident memory of their process; what is their own is their heap and its buffers. */
function memoryBytes(): number {
  if (!isThread) return process.memoryUsage.rss()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function obey(order: Order): void {
  switch (order.type) {
    case 'run':
      return void jobs.run(module as LoadedModule, order)
    case 'abort':
      return jobs.abort(order)
    case 'leave':
      return void leave()
  }
}

async function leave(): Promise<void> {
  try {
    await module?.teardown()
  } catch (thrown) {
    say({ type: 'mistake', error: failureOf(thrown), during: `teardown of ${data.module}` })
  }
  if (parentPort !== null) parentPort.close()
  else process.disconnect()
  // What a handler left behind, such as an open connection, must not keep the child.
  setImmediate(() => process.exit(0))
}

if (parentPort !== null) parentPort.on('message', obey)
else process.on('message', obey)

try {
  module = await loadModule(data.module, data.tasks)
  if (data.tracing !== undefined)
    jobs.withTrace = ((await import(data.tracing)) as { withTrace: WithTrace }).withTrace
  await module.setup()
  say({ type: 'ready' })
} catch (thrown) {
  const error = failureOf(thrown)
  say({
    type: 'unfit',
    error: isLovageError(thrown, 'MODULE_FAILED') ? { ...error, message: thrown.details.why } : error,
  })
}
