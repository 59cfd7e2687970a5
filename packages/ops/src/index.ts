export type { Metrics, WatchedEvents, WatchedQueue, WatchedWorker } from './metrics.ts'
export { type Health, openProbe, type Probe, type ProbeOptions } from './probe.ts'
export type { TracedEvents, TracedWorker } from './traced-worker.ts'
export { type QueueProbeOptions, startProbe } from './queue-probe.ts'
