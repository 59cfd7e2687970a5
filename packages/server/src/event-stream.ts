/** Server-Sent Events: what is served beside tRPC's own. */
import type { AnyTRPCRouter } from '@trpc/server'

export interface KeepAlive {
  pingMs: number
  pongWaitMs: number
}

/**
 * The same router with pings on its event streams, so that proxies do not take a quiet one for dead, and with the
 * time after which a client may. What the router's own `sse` says stands.
 */
export function withSignsOfLife<Router extends AnyTRPCRouter>(
  router: Router,
  keepAlive: KeepAlive | undefined,
): Router {
  if (keepAlive === undefined) return router
  const { pingMs, pongWaitMs } = keepAlive
  const { _config } = router._def
  const sse = {
    ping: { enabled: true, intervalMs: pingMs },
    client: { reconnectAfterInactivityMs: pingMs + pongWaitMs },
    ..._config.sse,
  }
  return { ...router, _def: { ...router._def, _config: { ..._config, sse } } }
}
