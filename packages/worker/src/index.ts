export { Discard, Retry } from '@lovage/core'
export type { JobEndEvent, JobEvent, WorkerEvent, WorkerEvents } from './events.ts'
export type { LogLevel, WorkerOptions } from './options.ts'
export { createWorker, type Worker, type WorkerHealth } from './worker.ts'
