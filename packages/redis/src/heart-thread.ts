/** The thread that `heart.ts` starts: its own event loop, its own connection, the same script. */
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '@lovage/core'
import { Beats } from './beats.ts'
import { Connection } from './connection.ts'
import type { Beat, HeartData, Lost } from './heart.ts'
import { keysOf } from './keys.ts'
import { Route } from './route.ts'
import { runner } from './script.ts'
import { extend } from './scripts/sessions.ts'

const { address, namespace, queue, tag } = workerData as HeartData
const keys = keysOf(namespace, queue, tag)
const connection = new Connection(new Route(address, keys.prefix), `${namespace}:${queue}:heart`)
const settings = { now: '', streamMaxLen: 0, streamCap: 0, resultsMax: 0, failedMax: 0, failedMaxAgeMs: 0 }
const run = runner(connection, keys, { ...settings, ...keys })

const beats = new Beats(
  (session, leaseMs) => run(extend, { session, leaseMs }),
  systemClock,
  (session) => parentPort?.postMessage({ session } satisfies Lost),
)

parentPort?.on('message', ({ session, leaseMs }: Beat) => {
  if (leaseMs > 0) beats.start(session, leaseMs)
  else beats.stop(session)
  if (beats.size === 0) {
    parentPort?.close() // nothing else keeps the thread
    void connection.close()
  }
})
