import { useSyncExternalStore } from 'react'
import type { ConnectionState } from '../connection.ts'
import { originOf } from '../origin.ts'

const idle = (): ConnectionState => 'idle'

/** How the websocket of a client is doing, given the client, its jobs, or one of its tasks. */
export function useConnection(calls: object): ConnectionState {
  const { connection } = originOf(calls).wire
  return useSyncExternalStore(connection.subscribe, () => connection.state, idle)
}
