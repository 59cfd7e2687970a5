/** The threads and processes of a worker, as it says itself. */

/** The threads or processes of one worker that hold one handler module. */
export interface PoolView {
  /** URL of the module. */
  module: string
  isolation: 'thread' | 'process'
  /** How many there may be. */
  size: number
  /** Jobs that wait for one of them, in slots of the worker. */
  waiting: number
  children: ChildView[]
}

export interface ChildView {
  /** Process id, or id of the thread. */
  id: number
  state: 'starting' | 'idle' | 'busy' | 'ending'
  /** Jobs that it was given. */
  jobs: number
  /** When it last said so: resident memory of a process, heap and buffers of a thread. 0: not yet. */
  memoryBytes: number
  /** Unix ms, by the worker's clock. */
  startedAt: number
}
