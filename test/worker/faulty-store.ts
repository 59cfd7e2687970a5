/** A store that can be told to fail: before an act, after it (the answer is lost), or by never answering. */
import { LovageError, type Store } from '@lovage/core'
import type { ManualClock } from '../kit/manual-clock.ts'

type Act =
  | 'enqueue'
  | 'get'
  | 'cancel'
  | 'join'
  | 'extend'
  | 'step'
  | 'progress'
  | 'handBack'
  | 'leave'
  | 'wait'
  | 'check'
  | 'pulse'
  | 'say'
export type Fault = 'refused' | 'answer lost' | 'silence'

export interface Call {
  act: Act
  args: unknown[]
}

export class Faults {
  /** What was called, oldest first, whether it failed or not. */
  readonly calls: Call[] = []
  readonly #planned = new Map<Act, Fault[]>()
  readonly #cuts = new Set<() => void>()
  #isDown = false

  /** The next calls of this act fail, one after the other. */
  plan(act: Act, ...faults: Fault[]): void {
    this.#planned.set(act, [...(this.#planned.get(act) ?? []), ...faults])
  }

  /** Nothing is answered any more; what waits for an answer is cut off. */
  goDown(): void {
    this.#isDown = true
    this.cut()
  }

  comeBack(): void {
    this.#isDown = false
  }

  /** Ends every wait with an error. */
  cut(): void {
    for (const cut of this.#cuts) cut()
  }

  count(act: Act): number {
    return this.calls.filter((call) => call.act === act).length
  }

  /** The arguments of the calls of an act. */
  of<A extends Act>(act: A): Parameters<Store[A]>[] {
    return this.calls.filter((call) => call.act === act).map(({ args }) => args as Parameters<Store[A]>)
  }

  async through<T>(act: Act, args: unknown[], call: () => Promise<T>): Promise<T> {
    this.calls.push({ act, args })
    const fault = this.#isDown ? 'refused' : this.#planned.get(act)?.shift()
    if (fault === 'refused') throw lost()
    const cut = new Promise<never>((_, reject) => {
      const end = (): void => reject(lost())
      this.#cuts.add(end)
      if (act !== 'wait') this.#cuts.delete(end)
    })
    const answer = await Promise.race([call(), cut])
    if (fault === 'answer lost') throw lost()
    if (fault === 'silence') return new Promise(() => {})
    return answer
  }
}

const lost = (): LovageError =>
  new LovageError('STORE_UNAVAILABLE', { store: 'memory', cause: 'the line was cut' })

/** Each act goes through the faults; `keepAlive` is made of acts, as in a store that needs the network for it. */
export function faultyStore(store: Store, faults: Faults, clock: ManualClock): Store {
  const through = <A extends Act>(act: A) =>
    ((...args: Parameters<Store[A]>) =>
      faults.through(act, args, () =>
        (store[act] as (...args: unknown[]) => Promise<unknown>)(...args),
      )) as Store[A]
  const extend = through('extend')
  return {
    name: store.name,
    consumers: store.consumers,
    enqueue: through('enqueue'),
    get: through('get'),
    cancel: through('cancel'),
    join: through('join'),
    extend,
    step: through('step'),
    progress: through('progress'),
    say: through('say'),
    said: (id) => store.said(id),
    handBack: through('handBack'),
    leave: through('leave'),
    wait: through('wait'),
    check: through('check'),
    pulse: through('pulse'),
    inspect: (options) => store.inspect(options),
    depths: () => store.depths(),
    keepAlive(session, { leaseMs, onLost }) {
      let isStopped = false
      const beat = async (): Promise<void> => {
        const alive = await extend(session, leaseMs).then(
          (answer) => answer.alive,
          () => true,
        )
        if (isStopped) return
        if (alive) cancel = clock.after(leaseMs / 3, () => void beat())
        else onLost()
      }
      let cancel = clock.after(leaseMs / 3, () => void beat())
      return async () => {
        isStopped = true
        cancel()
      }
    },
    find: (search, options) => store.find(search, options),
    last: (task, owner) => store.last(task, owner),
    retry: (pairs) => store.retry(pairs),
    discard: (ids) => store.discard(ids),
    limit: (rules) => store.limit(rules),
    pause: (target) => store.pause(target),
    resume: (target) => store.resume(target),
    paused: () => store.paused(),
    putSchedule: (schedule) => store.putSchedule(schedule),
    removeSchedule: (name) => store.removeSchedule(name),
    schedules: () => store.schedules(),
    fire: (request) => store.fire(request),
    tail: () => store.tail(),
    range: (after, limit) => store.range(after, limit),
    live: (after, signal) => store.live(after, signal),
    counts: () => store.counts(),
    close: () => store.close(),
  }
}
