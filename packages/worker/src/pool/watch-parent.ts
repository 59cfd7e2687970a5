/**
 * A thread of a pooled process: ends the process once the worker that it belongs to is gone, even when a handler keeps
 * the main loop to itself. Its jobs run elsewhere by then.
 */
import { Socket } from 'node:net'
import { workerData } from 'node:worker_threads'

const { fd } = workerData as WatchData

export interface WatchData {
  /** The read end of a pipe that the worker holds open while it lives. */
  fd: number
}

new Socket({ fd, readable: true, writable: false })
  .on('error', () => {})
  .on('close', () => process.kill(process.pid, 'SIGKILL'))
  .resume()
