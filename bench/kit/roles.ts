/**
 * The parts that are played, each in a process of its own, and what one is asked to do there. The loops stand in
 * `producing.ts` and `counting.ts`, the same for every peer; Celery's are in `peers/celery_player.py`.
 */

import type { Budget } from './budget.ts'

/** 100 bytes as JSON, or as many as a measure asks for. */
export interface Input {
  text: string
  /** Unix ms: when it is to run. */
  dueAt?: number
}

export const inputOf = (bytes = 100): Input => {
  return { text: 'x'.repeat(bytes - '{"text":""}'.length - 2) }
}

/** What handlers return. */
export const OUTPUT = { ok: true }

/** From one event to another, by one process's clock and CPU. */
export interface Span {
  jobs: number
  seconds: number
  cpuSeconds: number
}

export const perSecond = ({ jobs, seconds }: Span): number => jobs / seconds

/** `one`: awaited one by one. `callers`: a hundred do so at a time. `bulk`: calls of 1,000. */
export type How = 'one' | 'callers' | 'bulk'

interface Enqueue {
  how: How
  budget: Budget
  /** Whether some go before, which are not counted. */
  isWarm?: boolean
  /** Of each input as JSON. */
  bytes?: number
  /** Over how many queues, in turn; not in bulk. */
  queues?: number
}

export interface Producer {
  /** The span says how many it were. */
  enqueue(options: Enqueue): Promise<Span>
  /** ms from the call until the result is here: one at a time, or at a pace. What does not come counts as a second. */
  latency(options: { warm: number; budget: Budget; perSecond?: number }): Promise<number[]>
  /** Enqueues jobs that are due from a moment on (Unix ms), evenly over a while. */
  schedule(options: { jobs: number; at: number; overMs: number }): Promise<void>
}

/**
 * `nothing` returns at once, `wait` after some ms, `never` does not. `late` returns at once and remembers by how much
 * it ran after its time.
 */
export type Handler = { does: 'nothing' | 'never' | 'late' } | { does: 'wait'; ms: number }

export interface Worker {
  /** Resolves when it claims. */
  start(options: { concurrency: number; handler: Handler; queues?: number }): Promise<void>
  /** From one completion to another: its result is kept by then. From 0: from now on. */
  span(options: { from: number; to: number }): Promise<Span>
  /** Completions, from the end of the warm-up until the budget is used up. */
  run(budget: Budget): Promise<Span>
  /** How many have ended so far. */
  ended(): Promise<number>
  /** Resolves when so many handlers have begun. */
  begun(count: number): Promise<void>
  /** ms after its due time, for each. */
  late(): Promise<number[]>
}

export interface Listener {
  /** Resolves when it hears. */
  start(): Promise<void>
  /** From one notice to another. */
  span(options: { from: number; to: number }): Promise<Span>
  heard(): Promise<number>
}

export interface Roles {
  producer: Producer
  worker: Worker
  listener: Listener
}
export type Role = keyof Roles
