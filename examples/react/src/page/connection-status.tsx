// What is true of the connection, in words; nothing is said that is only hoped for.
import type { ConnectionState } from '@lovage/client'
import { counted } from './words.ts'

interface Props {
  state: ConnectionState
  /** Notices that came at once after having been away; `undefined` until they have come. */
  caughtUp: number | undefined
  /** Notices that are gone for good. */
  missed: number
}

export function ConnectionStatus({ state, caughtUp, missed }: Props) {
  const isLive = state === 'connected' && caughtUp !== undefined
  return (
    <p className="connection" role="status" data-state={isLive ? 'live' : state}>
      <span className="lamp" aria-hidden="true" />
      {sentence(state, caughtUp)}
      {isLive &&
        missed > 0 &&
        ` ${counted(missed, 'notice')} had been trimmed; the jobs were looked up instead.`}
    </p>
  )
}

function sentence(state: ConnectionState, caughtUp: number | undefined): string {
  switch (state) {
    case 'connected':
      if (caughtUp === undefined) return 'Catching up…'
      return caughtUp === 0 ? 'Live' : `Live, caught up with ${counted(caughtUp, 'notice')}`
    case 'reconnecting':
      return 'Offline, reconnecting. Jobs go on; you will be told.'
    case 'closed':
      return 'Closed'
    case 'idle':
    case 'connecting':
      return 'Connecting…'
    default:
      return state satisfies never
  }
}
