/** How subscriptions travel: what a websocket and Server-Sent Events have in common. */
import type { Clock } from '@lovage/core'
import type { Connection } from './connection.ts'
import type { HttpOptions } from './http-calls.ts'
import type { OpenLine } from './line.ts'

export interface Lines {
  readonly connection: Connection
  /** A line to a subscription; its errors are Lovage's. It outlives the loss of its connection. */
  line(path: string, input: object): OpenLine
  /** Ends all lines, and lets what carries them go. */
  close(): Promise<void>
}

export interface TransportOptions extends HttpOptions {
  clock: Clock
  random: () => number
}

/** What a client is given instead of its websocket. */
export type Transport = (options: TransportOptions) => Lines
