/**
 * A store whose values are encrypted before they leave this process, and decrypted when they come back: inputs, results,
 * progress, what handlers say, and the messages and stacks of errors. The store beneath never sees them. What it goes
 * by itself stays readable: ids, names, owners, keys, tags, metadata, times, reasons of cancels.
 */
import {
  type AttemptRecord,
  type Delivered,
  type Encoded,
  type Failure,
  isSaid,
  type NewJob,
  type Settlement,
  type Snapshot,
  type Store,
  type StoredNotice,
  type StoredSchedule,
} from '@lovage/core'
import type { Cipher } from './cipher.ts'
import { Envelope } from './envelope.ts'

export function sealedStore(store: Store, cipher: Cipher): Store {
  const envelope = new Envelope(cipher)
  const open = <Key extends string>(key: Key, value: Encoded | undefined): { [K in Key]?: Encoded } =>
    value === undefined ? {} : ({ [key]: envelope.open(value) } as { [K in Key]?: Encoded })
  const openError = (error: Failure | undefined) =>
    error === undefined ? {} : { error: envelope.openFailure(error) }
  const openHistory = (history: AttemptRecord[] | undefined) =>
    history === undefined
      ? {}
      : { history: history.map((one) => ({ ...one, error: envelope.openFailure(one.error) })) }

  const sealJob = (job: NewJob): NewJob => ({ ...job, input: envelope.seal(job.input, job.owner) })
  const openJob = <Job extends { input: Encoded }>(job: Job): Job => ({
    ...job,
    input: envelope.open(job.input),
  })
  const openNotice = (notice: StoredNotice): StoredNotice => ({
    ...notice,
    ...(isSaid(notice.type) && notice.data !== undefined
      ? { data: envelope.openSaid(notice.data) }
      : open('data', notice.data)),
    ...openError(notice.error),
  })
  const openDelivered = ({ notice, deliveries }: Delivered) => ({ notice: openNotice(notice), deliveries })
  const openSchedule = (schedule: StoredSchedule) => ({ ...schedule, job: openJob(schedule.job) })

  function openSnapshot(snapshot: Snapshot): Snapshot {
    const history = openHistory(snapshot.history)
    if (!('job' in snapshot))
      return { ...snapshot, ...open('result', snapshot.result), ...openError(snapshot.error), ...history }
    const living = { job: openJob(snapshot.job), ...history }
    return snapshot.state === 'running'
      ? { ...snapshot, ...living, ...open('progress', snapshot.progress) }
      : { ...snapshot, ...living }
  }

  function sealSettlement(settlement: Settlement): Settlement {
    const { owner, progress } = settlement
    const report = progress === undefined ? {} : { progress: envelope.seal(progress, owner) }
    return settlement.to === 'succeeded'
      ? { ...settlement, ...report, result: envelope.seal(settlement.result, owner) }
      : { ...settlement, ...report, error: envelope.sealFailure(settlement.error, owner) }
  }

  const { consumers } = store
  return overriding(store, {
    consumers: overriding(consumers, {
      async pull(request) {
        const reply = await consumers.pull(request)
        return reply && { ...reply, delivered: reply.delivered.map(openDelivered) }
      },
      dead: async (group, limit) => (await consumers.dead(group, limit)).map(openDelivered),
    }),
    enqueue: (jobs, replication) => store.enqueue(jobs.map(sealJob), replication),
    async get(id) {
      const snapshot = await store.get(id)
      return snapshot && openSnapshot(snapshot)
    },
    async step(request) {
      const reply = await store.step({ ...request, settle: request.settle.map(sealSettlement) })
      const ticks = reply.ticks.map((tick) => ({ ...tick, schedule: openSchedule(tick.schedule) }))
      return { ...reply, claimed: reply.claimed.map(openJob), ticks }
    },
    async wait(session, options) {
      const wake = await store.wait(session, options)
      return wake.handed === undefined ? wake : { ...wake, handed: wake.handed.map(openJob) }
    },
    progress: (session, reports) =>
      store.progress(
        session,
        reports.map((report) => ({ ...report, data: envelope.seal(report.data, report.owner) })),
      ),
    say: (session, reports) =>
      store.say(
        session,
        reports.map(({ parts, ...report }) => {
          const sealed = parts.map((part) => ({ ...part, data: envelope.sealSaid(part.data, report.owner) }))
          return { ...report, parts: sealed }
        }),
      ),
    said: async (id) => (await store.said(id)).map((one) => ({ ...one, data: envelope.openSaid(one.data) })),
    async inspect(options) {
      const seen = await store.inspect(options)
      return { ...seen, running: seen.running.map((run) => ({ ...run, ...open('progress', run.progress) })) }
    },
    async putSchedule(schedule) {
      const { name, job } = schedule
      // A cipher writes the same text differently each time, which must not look like a change.
      const known = (await store.schedules()).find((other) => other.name === name)?.job.input
      const before = known && envelope.open(known)
      const isSame = before?.json === job.input.json && before.meta === job.input.meta
      const input = known !== undefined && isSame ? known : envelope.seal(job.input, job.owner)
      return await store.putSchedule({ ...schedule, job: { ...job, input } })
    },
    schedules: async () => (await store.schedules()).map(openSchedule),
    fire: (request) => store.fire({ ...request, jobs: request.jobs.map(sealJob) }),
    async range(after, limit) {
      const page = await store.range(after, limit)
      return { ...page, notices: page.notices.map(openNotice) }
    },
    async *live(after, signal) {
      for await (const notices of store.live(after, signal)) yield notices.map(openNotice)
    },
  })
}

/** The same object with some of its members replaced; the others see themselves as before. */
function overriding<Target extends object>(target: Target, members: Partial<Target>): Target {
  return new Proxy(target, {
    get(_, key) {
      if (key in members) return members[key as keyof Target]
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
