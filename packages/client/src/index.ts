export type { Connection, ConnectionState } from './connection.ts'
export { createJobsClient, type JobsClientOptions } from './create-jobs-client.ts'
export type { ClientControls, JobsClient } from './jobs-client.ts'
export type { Transport } from './lines.ts'
