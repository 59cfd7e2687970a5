/**
 * Handlers that are named by the module that holds them, so that the thread or process that runs them loads that
 * module and nothing else.
 */
import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Duration, durationMs } from '@lovage/core'
import { wholeNumber } from './whole-number.ts'

export interface HandlerModuleOptions {
  /** How many threads or processes may hold it at a time. They start as they are needed. Default: as many as the worker has slots. */
  size?: number | undefined
  /** After so many jobs a child is replaced. Default: never. */
  maxJobs?: number | undefined
  /**
   * A child that uses more than this after a job is replaced: the resident memory of a process, the heap and the
   * buffers of a thread. Default: never.
   */
  maxMemoryBytes?: number | undefined
  /** A child of this age is replaced. Default: never. */
  maxAge?: Duration | undefined
  /** The heap that JavaScript may fill in a child before it is out of memory. Default: Node's. */
  maxHeapBytes?: number | undefined
  /** A child that writes more than this to stdout and stderr during one job is ended. Default 16 MiB. */
  maxOutputBytes?: number | undefined
  /** How long loading the module and its `setup` may take. Default 1 min. */
  startTimeout?: Duration | undefined
}

/** What `handlerModule` answers; it stands where the handler of a task, or of a whole branch of them, would. */
export interface HandlerModule {
  readonly kind: 'handler module'
  /** A `file:` URL. */
  readonly url: string
  readonly limits: ModuleLimits
}

interface ModuleLimits {
  readonly size: number | undefined
  readonly maxJobs: number
  readonly maxMemoryBytes: number
  readonly maxAgeMs: number
  readonly maxHeapBytes: number | undefined
  readonly maxOutputBytes: number
  readonly startTimeoutMs: number
}

/**
 * Names the module that exports `handlers`, made by `defineHandlers`, and maybe `setup` and `teardown`. The same
 * module does for a task that runs inline, in a thread, or in a process.
 *
 * @example handlers: { score: handlerModule(new URL('./score.ts', import.meta.url), { size: 2, maxJobs: 100 }) }
 * @throws TypeError for what is no file
 * @throws LovageError `OPTION_INVALID`
 */
export function handlerModule(file: URL | string, options: HandlerModuleOptions = {}): HandlerModule {
  const { size, maxJobs, maxMemoryBytes, maxAge, maxHeapBytes, maxOutputBytes, startTimeout } = options
  const never = Number.POSITIVE_INFINITY
  return {
    kind: 'handler module',
    url: fileUrl(file),
    limits: {
      size: size === undefined ? undefined : wholeNumber('size', size),
      maxJobs: maxJobs === undefined ? never : wholeNumber('maxJobs', maxJobs),
      maxMemoryBytes: maxMemoryBytes === undefined ? never : wholeNumber('maxMemoryBytes', maxMemoryBytes),
      maxAgeMs: maxAge === undefined ? never : wholeNumber('maxAge', durationMs(maxAge, 'maxAge')),
      maxHeapBytes: maxHeapBytes === undefined ? undefined : wholeNumber('maxHeapBytes', maxHeapBytes),
      maxOutputBytes: wholeNumber('maxOutputBytes', maxOutputBytes ?? 16 * 1024 * 1024),
      startTimeoutMs: wholeNumber('startTimeout', durationMs(startTimeout ?? '1m', 'startTimeout')),
    },
  }
}

export const isHandlerModule = (value: unknown): value is HandlerModule =>
  typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'handler module'

function fileUrl(file: URL | string): string {
  const { href } = typeof file === 'string' && isAbsolute(file) ? pathToFileURL(file) : asUrl(file)
  if (href.startsWith('file:')) return href
  throw new TypeError(`handlerModule() takes a file, not ${href}.`)
}

function asUrl(file: URL | string): URL {
  try {
    return new URL(file)
  } catch {
    throw new TypeError(
      `handlerModule() cannot tell what "${String(file)}" is relative to; pass new URL('./…', import.meta.url).`,
    )
  }
}
