// Who sets up a server needs a queue first, and should not have to know yet another package for it.
export { chain, chord, group, keep } from '@lovage/core'
export { aesGcm, type AesGcmOptions, type Cipher, createQueue, type CreateQueueOptions } from '@lovage/redis'
export { DEFAULT_MAX_SUBSCRIPTIONS, limitSubscriptions } from './connection-context.ts'
export { JobsError, TRPC_CODES } from './errors.ts'
export { jobsRouter, type JobsRouter, type JobsRouterOptions } from './jobs-router.ts'
export {
  operatorRouter,
  type OperatorProcedures,
  type OperatorRouter,
  type OperatorRouterOptions,
} from './operator-router.ts'
export type {
  AllProcedures,
  EnqueueWireOptions,
  JobsRecord,
  LovageErrorData,
  TaskProcedures,
  Ticket,
  TreeProcedures,
  WithLovage,
} from './procedures.ts'
export type { Limiter, QuotaOptions } from './quotas.ts'
export type { Origins } from './origins.ts'
export {
  type JobsServer,
  type ListenOptions,
  serve,
  type ServeQueueOptions,
  type ServeRouterOptions,
} from './serve.ts'
export type { Authenticate, Caller, RouterOf } from './served-router.ts'
