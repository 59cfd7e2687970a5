/** The types of a client, read from the type of the server's router alone. */
import type { AllCalls, EnqueueOptions, Named, TaskCalls, TaskTypes } from '@lovage/core'
import type { AnyTRPCRouter } from '@trpc/server'
import type { Connection } from './connection.ts'

/** A client for every jobs router in `Router`, under the names that they have there. */
export type JobsClient<Router extends AnyTRPCRouter> = CallsOfRecord<Router['_def']['record']> &
  ClientControls

/** What a client has of its own. A router of such a name cannot be reached through it. */
export interface ClientControls extends AsyncDisposable {
  /** How the connection that notices come by is doing. */
  readonly connection: Connection
  /** Ends every loop that follows, and closes the connection. Jobs go on. */
  close(): Promise<void>
}

/** The procedures of one task, known by the ticket that `enqueue` answers. */
interface TaskRecord<Name extends string, T extends TaskTypes> {
  enqueue: { _def: { $types: { output: { task: Name; cursor: string; '~types'?: T } } } }
}

/** The procedures that a jobs router has beside those of its tasks. */
interface MountRecord {
  get: { _def: { type: 'query' } }
  cancel: { _def: { type: 'mutation' } }
  notices: { _def: { type: 'subscription' } }
}

/** What a jobs router has for failed jobs: no task, and no router of tasks. */
interface FailedRecord {
  retryAll: { _def: { type: 'mutation' } }
  discardAll: { _def: { type: 'mutation' } }
}

type Procedure = { _def: unknown }

type CallsOfRecord<R> = {
  readonly [
    K in keyof R & string as R[K] extends Procedure | FailedRecord ? never : K
  ]: R[K] extends TaskRecord<infer Name, infer T> ? TaskCalls<T, Name, EnqueueOptions> : CallsOfRecord<R[K]>
} & (R extends MountRecord ? AllCalls<TasksOfRecord<R>, EnqueueOptions> : unknown)

/** The union of all tasks of a record. */
type TasksOfRecord<R> = {
  [K in keyof R & string]: R[K] extends Procedure
    ? never
    : R[K] extends TaskRecord<infer Name, infer T>
      ? Named<Name, T>
      : TasksOfRecord<R[K]>
}[keyof R & string]
