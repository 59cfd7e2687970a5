/**
 * Loads a user's module. TypeScript is loaded as it is, through tsx: unlike Node's own stripping of types it works
 * on every Node that Lovage supports, and with enums, decorators and the paths of a tsconfig.json.
 */
import { stat } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isLovageError } from '@lovage/core'
import { UsageError } from './complaint.ts'
import { importOptions } from './watched.ts'

let isRegistered = false

/**
 * Everything that is imported from now on may be TypeScript, in processes and threads that are started with our
 * `execArgv` as well.
 */
export async function registerTypeScript(): Promise<void> {
  if (isRegistered) return
  isRegistered = true
  const [esm, cjs] = await Promise.all([import('tsx/esm/api'), import('tsx/cjs/api')])
  cjs.register()
  esm.register(importOptions())
  process.execArgv.push('--import', new URL('./typescript-preload.js', import.meta.url).href)
}

/**
 * @param what What the file is for, in the sentence that says that it is missing.
 * @throws UsageError `FILE_UNREADABLE`, `MODULE_FAILED`; LovageError as the module throws it
 */
export async function loadModule(path: string, what: string): Promise<Record<string, unknown>> {
  const file = resolve(path)
  const found = await stat(file).catch(() => null)
  if (found === null) throw new UsageError('FILE_UNREADABLE', `There is no ${what} at ${file}.`)
  if (!found.isFile()) {
    const message = `${file} is no file, so it cannot be a ${what}.`
    throw new UsageError('FILE_UNREADABLE', path === '' ? `The name of the ${what} is empty.` : message)
  }
  if (/^\.[cm]?tsx?$/.test(extname(file))) await registerTypeScript()
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (cause) {
    if (isLovageError(cause)) throw cause // of a worker that the module runs itself
    throw new UsageError('MODULE_FAILED', `${path} cannot be loaded: ${messageOf(cause)}`, { cause })
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
