/** The thread that `heart.ts` starts: its own event loop, its own connection, the same script. */
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '@lovage/core'
import { Beats } from './beats.ts'
import { Connection } from './connection.ts'
import { type Beat, causeOf, type HeartData, type Said } from './heart.ts'
import { keysOf } from './keys.ts'
import { Route } from './route.ts'
import { runner } from './script.ts'
import { SOON_MS } from './scripts/plain-step.ts'
import { extend } from './scripts/sessions.ts'

const { address, namespace, queue, tag } = workerData as HeartData
const keys = keysOf(namespace, queue, tag)
const connection = new Connection(new Route(address, keys.prefix), `${namespace}:${queue}:heart`)
const settings = { now: '', streamMaxLen: 0, streamCap: 0, resultsMax: 0, failedMax: 0, failedMaxAgeMs: 0 }
const run = runner(connection, keys, { ...settings, ...keys })

const say = (said: Said): void => parentPort?.postMessage(said)
/** Which server has answered each that has beaten, as far as was told. */
const told = new Map<string, string | undefined>()
const beats = new Beats({
  extend: (session, leaseMs, queues) => run(extend, { session, leaseMs }, queues),
  clock: systemClock,
  onLost: (session) => say({ session, is: 'lost' }),
  onBeat(session, seen) {
    // The other loop is not woken for nothing.
    const isNews = seen.work || (seen.nextDueMs !== null && seen.nextDueMs < SOON_MS)
    const run = connection.serverRun
    if (!told.has(session) || isNews || run !== told.get(session)) say({ session, is: 'beating', seen, run })
    told.set(session, run)
  },
  onSilence(session, error) {
    if (told.has(session)) say({ session, is: 'silent', cause: causeOf(error) })
  },
})

parentPort?.on('message', (beat: Beat) => {
  const { session } = beat
  if ('queues' in beat) return beats.look(session, beat.queues)
  const { leaseMs } = beat
  told.delete(session)
  if (leaseMs > 0) beats.start(session, leaseMs, true)
  else beats.stop(session)
  if (beats.size === 0) {
    parentPort?.close() // nothing else keeps the thread
    void connection.close()
  }
})
