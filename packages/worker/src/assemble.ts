/**
 * Where the parts of a worker meet; of a partitioned queue there are as many of each as partitions, so that one that is
 * away holds up its own jobs alone. Slots, threads and processes are shared.
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
import type { Partition, Pulse, WorkerInfo } from '@lovage/core'
import { Attempts } from './attempts.ts'
import type { Events } from './events.ts'
import type { Settings } from './options.ts'
import { Outbox } from './outbox.ts'
import type { Places } from './places.ts'
import type { Prefetch } from './prefetch.ts'
import { Pulses } from './pulses.ts'
import { Pump } from './pump.ts'
import { declare } from './declare.ts'
import { Releases } from './releases.ts'
import { Reports } from './reports.ts'
import { Session } from './session.ts'
import type { Slots } from './slots.ts'
import { Ticks } from './ticks.ts'
import { Waiter } from './waiter.ts'

export interface Parts {
  outbox: Outbox
  reports: Reports
  attempts: Attempts
  session: Session
  waiter: Waiter
  pump: Pump
  pulses: Pulses
}

/** What all partitions of a worker share. */
export interface Shared {
  settings: Settings
  events: Events
  slots: Slots
  prefetch: Prefetch
  places: Places
  info: WorkerInfo
  /** Of the whole worker. */
  load: () => Pick<Pulse, 'used' | 'unsettled' | 'abandoned' | 'pools'>
  /** Nothing runs of this partition any more, and all is written. */
  onDrained: () => void
}

export function assemble(partition: Partition, shared: Shared): Parts {
  const { store } = partition
  const { settings, events, places, slots, prefetch, info, load, onDrained } = shared
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
  const attempts = new Attempts({
    ...common,
    places,
    outbox,
    prefetch,
    releases,
    reports,
    onChange: () => pump.ended(),
  })
  const session = new Session({
    ...common,
    prepare: (isFirst) => declare(partition, settings, isFirst),
    info,
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
    onCancelled({ id, by, reason }) {
      if (!pump.cancelled(id)) attempts.cancelled(id, by, reason)
    },
    onHanded: (handed) => pump.handed(handed),
    onFailed(cause) {
      session.trouble(cause)
      pump.verify()
    },
  })
  const pump = new Pump({
    ...common,
    session,
    attempts,
    slots,
    prefetch,
    outbox,
    releases,
    ticks: new Ticks(partition, events, settings.tasks),
    waiter,
    onDrained,
  })
  const pulses = new Pulses({ ...common, session: currentSession, load })
  return { outbox, reports, attempts, session, waiter, pump, pulses }
}
