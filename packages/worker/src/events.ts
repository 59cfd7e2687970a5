/**
 * Everything that a worker tells, in one vocabulary. The log is one listener, a metrics exporter may be another, and
 * tests wait for these events instead of sleeping.
 */
import { Events as AnyEvents, type Failure, type Isolation, type Traceparent } from '@lovage/core'
import type { ChildEnd } from './pool/child.ts'

export interface JobEvent {
  id: string
  task: string
  /** 1 for the first execution. */
  attempt: number
  /** Its place in a trace, as a W3C traceparent, where it is traced. */
  trace?: Traceparent | undefined
}

/** An attempt that is over. */
export interface JobEndEvent extends JobEvent {
  /** How long it ran. */
  ms: number
}

/** A thread or process that runs handlers of one module. */
export interface ChildEvent {
  /** URL of the module. */
  module: string
  isolation: Isolation
  /** Process id, or id of the thread. */
  id: number
}

export interface WorkerEvents {
  /** Claimed: a slot is taken. */
  'job.received': JobEvent
  /** Its handler is called now. */
  'job.started': JobEvent
  // The three outcomes are told once the store has confirmed that they are written.
  'job.succeeded': JobEndEvent
  'job.failed': JobEndEvent & { attempts: number; error: Failure }
  'job.retrying': JobEndEvent & { attempts: number; error: Failure; delayMs: number }
  /** Somebody cancelled it while it ran here. What the handler still returns is dropped. */
  'job.cancelled': JobEvent & { by: string | null; reason: string | null }
  /** This worker's lease ran out, and the job belongs to another now. What the handler still returns is dropped. */
  'job.lost': JobEvent
  /** The worker stops, and hands it back as it was claimed: another one runs it. */
  'job.returned': JobEvent
  /** Its time limit is over, and its signal was aborted. */
  'job.overtime': JobEvent & { timeLimitMs: number }
  /**
   * It ignored its signal for the whole grace, and cannot be stopped by force: its slot is used again, though its
   * handler may still run.
   */
  'job.abandoned': JobEvent
  /** A handler that was given up has ended after all. */
  'job.late': JobEvent
  /** It reported what its progress schema refuses, or what cannot be stored. Told once for each attempt. */
  'job.report_refused': JobEvent & { why: string }
  /** A thread or process has loaded its module, and takes jobs. */
  'child.ready': ChildEvent & { ms: number }
  /**
   * It has ended: `recycled` (`detail`: jobs, memory or age), `killed` because its handler ignored its signal, `lost`
   * by itself, or `stopped` with the worker. `jobs`: how many it was given.
   */
  'child.ended': ChildEvent & { jobs: number; as: ChildEnd; detail: string }
  /** The session has joined: jobs are claimed from now on. */
  'worker.joined': { session: string; store: string; tasks: readonly string[]; concurrency: number }
  /** Its HTTP probe answers. */
  'worker.probed': { url: string; paths: readonly string[] }
  /** The store cannot be reached. Handlers go on; their outcomes are kept until it is back. */
  'worker.disconnected': { store: string; cause: string; running: number }
  /** Its lease ran out before it was renewed: its jobs went back to the line, and it starts a new session. */
  'worker.expired': { session: string; leaseMs: number; lost: number }
  /** The store is back. `lost`: jobs that others had taken over meanwhile. */
  'worker.rejoined': { session: string; store: string; ms: number; lost: number }
  /** Nothing more is claimed. */
  'worker.draining': { running: number; timeoutMs: number }
  /** Stopped in order. `returned`: jobs that went back to the line unfinished. `running`: handlers that ignore their signal. */
  'worker.drained': { returned: number; running: number }
  /** What an operator should know about the store's settings. */
  'worker.warning': { message: string }
  /** A mistake in a listener, or in the worker itself. The worker goes on. */
  'worker.error': { error: unknown; during: string }
}

export type WorkerEvent = keyof WorkerEvents

/** What a worker tells, and who hears it. */
export class Events extends AnyEvents<WorkerEvents> {
  constructor() {
    super('worker.error')
  }
}
