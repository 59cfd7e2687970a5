/** What each queue brings along: how one enqueues, works and listens there, as its own documentation advises. */
import type { Input } from '../kit/roles.ts'

export type NodePeer = 'lovage' | 'bullmq' | 'bee-queue' | 'groupmq' | 'floor'

/** The server, for those who want a URL and for those who want the parts of one. */
export interface Place {
  url: string
  host: string
  port: number
}

interface AddOptions {
  /** Not before that moment, in Unix ms. Who takes delays alone counts from his own clock. */
  dueAt?: number
  /** Its number, where there are many. */
  queue?: number
}

export interface Producing {
  /** Resolves when it is safe in Redis. */
  add(input: Input, options?: AddOptions): Promise<unknown>
  /** The same input so many times, in the way that is meant for many. */
  addMany(input: Input, count: number): Promise<unknown>
  /** Enqueues, and resolves with what the handler returned. */
  call?(input: Input): Promise<unknown>
}

interface Working {
  concurrency: number
  /** How many it serves. Where there are many they are numbered. */
  queues: number
  /** What a handler does with its input. */
  handle(input: Input): unknown
  /** To be called for each job that has ended, once that is written. */
  completed(): void
}

export interface Peer {
  producer(place: Place): Promise<Producing>
  /** Resolves when it claims. */
  worker(place: Place, working: Working): Promise<void>
  /** Calls back for each notice of an end. */
  listener?(place: Place, heard: () => void): Promise<void>
}
