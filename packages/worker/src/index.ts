export { Discard, Retry } from '@lovage/core'
// Whoever has a cipher has it in API and worker alike, and should not have to know yet another package for it.
export { aesGcm, type AesGcmOptions, type Cipher } from '@lovage/redis'
export type { ChildEvent, JobEndEvent, JobEvent, WorkerEvent, WorkerEvents } from './events.ts'
export { type HostedOptions, type HostedWorker, hostWorkers, type WorkerHost } from './host.ts'
export { type HandlerModule, handlerModule, type HandlerModuleOptions } from './handler-module.ts'
export type { WorkerHealth } from './health.ts'
export type { LogLevel, WorkerOptions, WorkerProbeOptions } from './options.ts'
export { createWorker, type Worker } from './worker.ts'
