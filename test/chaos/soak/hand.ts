/** A process of a soak: it answers `sample` with what it weighs, and ends at `leave`. */
import { setTimeout as pause } from 'node:timers/promises'

export interface Cast {
  redisUrl: string
  apiUrl: string
  namespace: string
  name: string
}

export interface Weight {
  heapBytes: number
  rssBytes: number
  /** Open sockets, timers and whatever else keeps a process alive, by kind. */
  resources: Record<string, number>
  /** Warnings of Node about too many listeners. */
  leaks: number
}

export function enter(): { cast: Cast; leave: AbortSignal } {
  const leave = new AbortController()
  let leaks = 0
  process.on('warning', ({ name }) => {
    if (name === 'MaxListenersExceededWarning') leaks += 1
  })
  process.on('message', (order: 'sample' | 'leave') => {
    if (order === 'leave') return leave.abort()
    ;(globalThis as { gc?: () => void }).gc?.()
    const { heapUsed, rss } = process.memoryUsage()
    const resources: Record<string, number> = {}
    for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1
    process.send?.({ heapBytes: heapUsed, rssBytes: rss, resources, leaks } satisfies Weight)
  })
  process.on('disconnect', () => process.exit(1))
  return { cast: JSON.parse(process.env['CAST'] as string) as Cast, leave: leave.signal }
}

export const untilAborted = async (signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) await pause(100)
}
