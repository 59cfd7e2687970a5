/** What carries a child: a thread or a process. Both do the same, and die in different ways. */
import type { Failure } from '@lovage/core'
import type { ChildData, Order, Word } from './messages.ts'

export interface Carrier {
  /** Process id, or id of the thread; 0 when it could not be started. */
  readonly id: number
  /** What it wrote to stderr last. */
  readonly lastWords: () => string
  send(order: Order): void
  /** Ends it without asking. `onExit` follows. */
  kill(): void
}

export interface CarrierHooks {
  onWord: (word: Word) => void
  /** So many bytes went to stdout or stderr. */
  onOutput: (bytes: number) => void
  /** Nothing more comes after this. Called once. */
  onExit: (exit: Exit) => void
}

export interface Exit {
  code: number | null
  signal: string | null
  /** What ended it, when that is known: an exception that nobody caught, or that it could not be started. */
  error?: Failure
}

export type OpenCarrier = (data: ChildData, limits: CarrierLimits, hooks: CarrierHooks) => Carrier

interface CarrierLimits {
  /** For JavaScript's heap; Node's own limit when undefined. */
  maxHeapBytes: number | undefined
}

export const MIB = 1024 * 1024
