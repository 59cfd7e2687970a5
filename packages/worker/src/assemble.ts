/**
 * Where the parts of a worker meet.
 *
 * ```
 *                            ┌▶ places: threads and processes
 *            ┌─ claimed ─▶ attempts ─ outcome ─▶ outbox ─┐
 * store ◀─ pump (one step at a time) ◀──────── wake ─────┘
 *       ◀─ waiter:  hears of work (pump) and cancels (attempts)
 *       ◀─ session: broken: pump and waiter stop; joined anew: what is lost is dropped, and all goes on
 *       ◀─ reports ◀─ progress ─ attempts
 *       ◀─ pulses:  how the worker does, for those who inspect the queue
 * ```
 */
import { hostname } from 'node:os'
import { type Store, VERSION, type WorkerInfo } from '@lovage/core'
import { Attempts } from './attempts.ts'
import type { Events } from './events.ts'
import type { Settings } from './options.ts'
import { Outbox } from './outbox.ts'
import { Places } from './places.ts'
import { Pulses } from './pulses.ts'
import { Pump } from './pump.ts'
import { declare } from './declare.ts'
import { Releases } from './releases.ts'
import { Reports } from './reports.ts'
import { Session } from './session.ts'
import { Ticks } from './ticks.ts'
import { Waiter } from './waiter.ts'

export interface Parts {
  outbox: Outbox
  reports: Reports
  attempts: Attempts
  places: Places
  session: Session
  waiter: Waiter
  pump: Pump
  pulses: Pulses
}

export function assemble(settings: Settings, events: Events, store: Store, onDrained: () => void): Parts {
  const common = { ...settings, store, events }
  const currentSession = (): string | null => session.id
  const wake = (): void => pump.wake()

  const releases = new Releases()
  const outbox = new Outbox({ ...common, releases })
  const reports = new Reports({
    ...common,
    session: currentSession,
    onFenced: (ids) => attempts.fenced(ids),
    onRefused: (attempt, why) => events.emit('job.report_refused', { ...attempt.event, why }),
  })
  const places = new Places(common)
  const attempts = new Attempts({ ...common, places, outbox, releases, reports, onChange: wake })
  const session = new Session({
    ...common,
    prepare: (isFirst) => declare(store, settings, isFirst),
    info: infoOf(settings),
    holds: () => [...attempts.holds(), ...outbox.holds()],
    onJoined(lost) {
      outbox.drop(lost)
      attempts.fenced(lost)
      reports.resume()
      pulses.start()
      wake()
    },
    onBroken(isReaped) {
      pump.abandon()
      pulses.close()
      waiter.reset()
      if (isReaped) attempts.loseAll() // what the outbox holds is found lost by the next join
    },
  })
  const waiter = new Waiter({
    ...common,
    session: currentSession,
    onWork: wake,
    onCancelled: ({ id, by, reason }) => attempts.cancelled(id, by, reason),
    onFailed(cause) {
      session.trouble(cause)
      pump.verify()
    },
  })
  const pump = new Pump({
    ...common,
    session,
    attempts,
    outbox,
    releases,
    ticks: new Ticks(store, events, settings.tasks),
    waiter,
    onDrained,
  })
  const pulses = new Pulses({
    ...common,
    session: currentSession,
    load() {
      const pools = places.pools()
      const load = { used: attempts.size, unsettled: outbox.size, abandoned: attempts.abandoned }
      return pools.length === 0 ? load : { ...load, pools }
    },
  })
  return { outbox, reports, attempts, places, session, waiter, pump, pulses }
}

const infoOf = ({ name, tasks, queues, concurrency, clock }: Settings): WorkerInfo => ({
  name,
  host: hostname(),
  pid: process.pid,
  version: VERSION,
  tasks: [...tasks.keys()],
  queues,
  slots: concurrency,
  startedAt: clock.now(),
})
