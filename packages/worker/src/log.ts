/** The worker's log: its events as lines, in the words that Celery's users know. */
import { type Logger, pino } from 'pino'
import type { Events, JobEvent } from './events.ts'
import type { LogLevel } from './options.ts'
import { readableLines } from './readable-lines.ts'

/** Readable where a person reads, JSON where a machine does. */
export function createLogger(level: LogLevel): Logger {
  return process.stdout.isTTY ? pino({ level, base: null }, readableLines(process.stdout)) : pino({ level })
}

/** Lines of a level that is off are not even put together: at 100,000 jobs a second they would cost more than the jobs. */
export function logEvents(events: Events, logger: Logger): void {
  const isOn = (level: LogLevel): boolean => logger.isLevelEnabled(level)

  events.on('job.received', (job) => {
    if (isOn('info')) logger.info(fields(job), `Task ${named(job)} received`)
  })
  events.on('job.started', (job) => {
    if (isOn('debug')) logger.debug(fields(job), `Task ${named(job)} started`)
  })
  events.on('job.succeeded', (job) => {
    if (isOn('info'))
      logger.info({ ...fields(job), ms: job.ms }, `Task ${named(job)} succeeded in ${seconds(job.ms)}`)
  })
  events.on('job.retrying', (job) => {
    const { ms, error, delayMs, attempts } = job
    if (isOn('warn')) {
      const why = `attempt ${job.attempt} of ${attempts}: ${error.name}: ${error.message}`
      logger.warn(
        { ...fields(job), ms, delayMs, error },
        `Task ${named(job)} retrying in ${brief(delayMs)} (${why})`,
      )
    }
  })
  events.on('job.failed', (job) => {
    const { ms, error, attempts } = job
    if (isOn('error')) {
      const why = `attempt ${job.attempt} of ${attempts}: ${error.name}: ${error.message}`
      logger.error({ ...fields(job), ms, error }, `Task ${named(job)} failed in ${seconds(ms)} (${why})`)
    }
  })
  events.on('job.cancelled', (job) => {
    const { by, reason } = job
    if (isOn('info')) {
      const who = `${by === null ? '' : ` by ${by}`}${reason === null ? '' : `: ${reason}`}`
      logger.info({ ...fields(job), by, reason }, `Task ${named(job)} was cancelled${who}`)
    }
  })
  events.on('job.lost', (job) => {
    logger.warn(
      fields(job),
      `Task ${named(job)} is no longer this worker's: its lease ran out. What it did here is dropped`,
    )
  })
  events.on('job.returned', (job) => {
    logger.info(fields(job), `Task ${named(job)} goes back to the line: the worker stops`)
  })
  events.on('job.overtime', (job) => {
    const { timeLimitMs } = job
    logger.warn(
      { ...fields(job), timeLimitMs },
      `Task ${named(job)} ran past its time limit of ${brief(timeLimitMs)}; its signal was aborted`,
    )
  })
  events.on('job.abandoned', (job) => {
    logger.warn(
      fields(job),
      `Task ${named(job)} ignores its signal: its slot is used again, though its handler may still run`,
    )
  })
  events.on('job.late', (job) => {
    logger.warn(
      fields(job),
      `Task ${named(job)} has ended after it was given up; what it returned is dropped`,
    )
  })
  events.on('job.report_refused', (job) => {
    logger.warn(
      { ...fields(job), why: job.why },
      `Task ${named(job)} reported progress that was dropped: ${job.why}`,
    )
  })

  events.on('child.ready', ({ module, isolation, id, ms }) => {
    if (isOn('debug')) logger.debug({ module, id, ms }, `${isolation} ${id} is ready for ${module}`)
  })
  events.on('child.ended', ({ module, isolation, id, jobs, as, detail }) => {
    const told = { module, id, jobs, as }
    if (as === 'recycled')
      logger.info(told, `${isolation} ${id} was replaced after ${jobs} job(s) (${detail})`)
    else if (as === 'killed')
      logger.warn(told, `${isolation} ${id} was killed: its handler ignores its signal`)
    else if (as === 'lost') logger.error(told, `${isolation} ${id} of ${module} was lost. ${detail}`)
  })

  events.on('worker.joined', ({ session, store, tasks, concurrency }) => {
    logger.info(
      { session, tasks, concurrency },
      `Lovage worker ready: ${tasks.length} task(s) (${tasks.join(', ')}), concurrency ${concurrency}, on ${store}`,
    )
  })
  events.on('worker.probed', ({ url, paths }) => {
    logger.info({ url }, `The probe answers ${paths.join(', ')} at ${url}`)
  })
  events.on('worker.disconnected', ({ store, cause, running }) => {
    logger.warn(
      { running },
      `${store} cannot be reached: ${cause}. Handlers go on (${running}); the worker waits until it is back`,
    )
  })
  events.on('worker.rejoined', ({ session, store, ms, lost }) => {
    logger.info(
      { session, ms, lost },
      `${store} answers again after ${seconds(ms)}; the worker goes on${lost === 0 ? '' : `, without ${lost} job(s)`}`,
    )
  })
  events.on('worker.expired', ({ session, leaseMs, lost }) => {
    logger.warn(
      { session, lost },
      `This worker was silent for longer than its lease of ${brief(leaseMs)}: its ${lost} job(s) run elsewhere. It starts anew`,
    )
  })
  events.on('worker.draining', ({ running, timeoutMs }) => {
    logger.info(
      { running },
      `The worker stops: it claims nothing more and gives ${running} running job(s) ${brief(timeoutMs)}`,
    )
  })
  events.on('worker.drained', ({ returned, running }) => {
    if (running > 0)
      logger.warn({ running }, `${running} handler(s) ignore their signal: the process stays until they end`)
    logger.info({ returned }, `The worker has stopped; ${returned} job(s) went back to the line`)
  })
  events.on('worker.warning', ({ message }) => logger.warn(message))
  events.on('worker.error', ({ error, during }) =>
    logger.error({ err: error }, `A mistake in ${during}; the worker goes on`),
  )
}

const named = ({ task, id }: JobEvent): string => `${task}[${id}]`

/** Under the names by which tools find the trace of a line. */
function fields({ id, task, attempt, trace }: JobEvent): object {
  const job = { jobId: id, task, attempt }
  if (trace === undefined) return job
  const [, trace_id, span_id, trace_flags] = trace.split('-')
  return { ...job, trace_id, span_id, trace_flags }
}

/** `0.012s`, as Celery writes it. */
const seconds = (ms: number): string => `${(ms / 1000).toFixed(3)}s`

/** `2.1s`, for what nobody needs to the millisecond. */
const brief = (ms: number): string => `${(ms / 1000).toFixed(ms < 1000 ? 3 : 1).replace(/\.?0+$/, '')}s`
