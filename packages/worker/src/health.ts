/** How a worker is, for probes, orchestrators and whoever asks. Pure. */

/** What a health check needs. */
export interface WorkerHealth {
  /** `reconnecting`: it runs, but the store does not answer. `stopped`: also before its start. */
  state: 'starting' | 'running' | 'reconnecting' | 'draining' | 'stopped'
  /**
   * `false`: the store has not answered for so long that the process should be replaced, whatever it believes of
   * itself. It is not that the process is there that counts, but that it fetches.
   */
  live: boolean
  /** It has joined, the store answers, and it takes jobs. */
  ready: boolean
  /** Why it is not ready, or not live. */
  why?: string
  /** `null` while there is none. */
  session: string | null
  /** When the store last answered a step, in Unix ms; a worker that is well steps every 30 s or more often. `null` before the first. */
  lastStepAt: number | null
  slots: number
  /** Slots taken. */
  running: number
  /** Outcomes that are not written yet. */
  unsettled: number
  /** Handlers that ignored their signal and have lost their slot, but have not ended. */
  abandoned: number
}

export interface Vitals {
  state: WorkerHealth['state']
  store: string
  /** When it was started; `null` before. */
  startedAt: number | null
  lastStepAt: number | null
  /** How long the store may be silent. */
  maxSilenceMs: number
  now: number
}

const WHY: Record<Exclude<WorkerHealth['state'], 'running'>, (store: string) => string> = {
  starting: (store) => `It has not joined yet, for ${store} has not answered.`,
  reconnecting: (store) => `${store} does not answer.`,
  draining: () => 'It stops: it claims nothing more.',
  stopped: () => 'It does not run.',
}

export function lifeOf(vitals: Vitals): Pick<WorkerHealth, 'live' | 'ready' | 'why'> {
  const { state, store, startedAt, lastStepAt, maxSilenceMs, now } = vitals
  const silentMs = now - (lastStepAt ?? startedAt ?? now)
  const live = state === 'stopped' || silentMs <= maxSilenceMs
  const ready = live && state === 'running'
  if (!live) {
    const fetched = `No fetch from ${store} has succeeded for ${Math.round(silentMs / 1000)} s`
    return { live, ready, why: `${fetched}; ${maxSilenceMs / 1000} s are allowed.` }
  }
  return state === 'running' ? { live, ready } : { live, ready, why: WHY[state](store) }
}
