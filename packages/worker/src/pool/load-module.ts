/** Loads a handler module, in a child or in the worker itself, and says what is wrong with one that is none. */
import { type BoundTask, LovageError } from '@lovage/core'
import type { DefinedHandlers } from '../define-handlers.ts'
import { failureOf } from '../failure.ts'

export interface LoadedModule {
  url: string
  handlers: ReadonlyMap<string, BoundTask>
  setup(): Promise<void>
  /** Does nothing the second time. */
  teardown(): Promise<void>
}

/**
 * @param tasks Those that it must have handlers for.
 * @throws LovageError `MODULE_FAILED`
 */
export async function loadModule(url: string, tasks: readonly string[]): Promise<LoadedModule> {
  let module: { handlers?: unknown; setup?: unknown; teardown?: unknown }
  try {
    if (isTypeScript(url)) await learnTypeScript(url)
    module = (await import(url)) as typeof module
  } catch (thrown) {
    throw isModuleFailed(thrown)
      ? thrown
      : failed(url, `it could not be loaded: ${failureOf(thrown).message}`, thrown)
  }
  const { handlers, setup, teardown } = module
  if (!isDefined(handlers)) throw failed(url, 'it does not export `handlers` made by defineHandlers().')
  const missing = tasks.filter((task) => !handlers.bound.has(task))
  if (missing.length > 0) throw failed(url, `it has no handler for ${missing.join(', ')}.`)
  for (const [name, hook] of Object.entries({ setup, teardown })) {
    if (hook !== undefined && typeof hook !== 'function')
      throw failed(url, `its export \`${name}\` is no function.`)
  }
  let isTornDown = false
  return {
    url,
    handlers: handlers.bound,
    async setup() {
      try {
        await (setup as (() => unknown) | undefined)?.()
      } catch (thrown) {
        throw failed(url, `its setup failed: ${failureOf(thrown).message}`, thrown)
      }
    },
    async teardown() {
      if (isTornDown) return
      isTornDown = true
      await (teardown as (() => unknown) | undefined)?.()
    },
  }
}

const isTypeScript = (url: string): boolean => /\.[mc]?tsx?$/.test(new URL(url).pathname)

/**
 * Node reads TypeScript from 22.18 on. Before, tsx does, registered here rather than by `--import`, which threads of
 * Node 20 do not heed. A second registration does no harm.
 */
async function learnTypeScript(url: string): Promise<void> {
  if ('typescript' in process.features && process.features.typescript) return
  const tsx = await import('tsx/esm/api').catch(() => undefined) // a peer, which may be missing
  if (tsx === undefined) {
    const why = `Node ${process.versions.node} does not read TypeScript. Add the package tsx, or update Node to 22.18.`
    throw failed(url, why)
  }
  tsx.register()
  process.setSourceMapsEnabled(true)
}

const isDefined = (value: unknown): value is DefinedHandlers =>
  typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'handlers'

const isModuleFailed = (error: unknown): boolean =>
  error instanceof LovageError && error.code === 'MODULE_FAILED'

const failed = (url: string, why: string, cause?: unknown): LovageError =>
  new LovageError('MODULE_FAILED', { module: url, why }, { cause })
