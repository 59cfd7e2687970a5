/** Where calls lead: the procedures at one path of a router. What a task of a client tells hooks, so that they need nothing else. */
import {
  createHandle,
  type Job,
  type JobHandle,
  type JobRef,
  type JobSource,
  type Notice,
} from '@lovage/core'
import type { Following, Wire } from './wire.ts'

/** Registered by name, so that two copies of this package know each other's clients. */
export const ORIGIN = Symbol.for('lovage.origin')

export interface Origin {
  wire: Wire
  /** As in `jobs.mail.send`; empty for a router that is served by itself. */
  path: string
  /** The path of a name at this place. */
  under(name: string): string
  query<Answer>(name: string, input: object): Promise<Answer>
  mutate<Answer>(name: string, input: object): Promise<Answer>
  follow(name: string, input: object, following: Following): AsyncGenerator<Notice, void, undefined>
  /** The jobs that are known here: those of one task, or of all. */
  jobs: JobSource
  handle(ref: JobRef): JobHandle
}

export function originAt(wire: Wire, path: string): Origin {
  const under = (name: string): string => (path === '' ? name : `${path}.${name}`)
  const origin: Origin = {
    wire,
    path,
    under,
    query: (name, input) => wire.send('query', under(name), input) as never,
    mutate: (name, input) => wire.send('mutation', under(name), input) as never,
    follow: (name, input, following) => wire.follow(under(name), input, following),
    jobs: {
      get: (id) => origin.query<Job>('get', { id }),
      cancel: (id, reason) => origin.mutate('cancel', { id, reason }),
      follow: (id, from, signal, logs) =>
        origin.follow('notices', logs ? { id } : { id, logs }, { from, signal, untilEnd: true }),
    },
    handle: (ref) => createHandle(origin.jobs, ref, wire.clock),
  }
  return origin
}

/** @throws TypeError for what is not of a client. */
export function originOf(calls: object): Origin {
  const origin = Reflect.get(calls, ORIGIN) as Origin | undefined
  if (origin === undefined)
    throw new TypeError('Pass the jobs of a client that createJobsClient made, or one of its tasks.')
  return origin
}
