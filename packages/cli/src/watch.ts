/**
 * `lovage worker --watch`: runs the same command in a process of its own, and starts that anew when a file changes
 * that it has loaded.
 *
 * The child is asked with SIGTERM and drains, for `WATCHED_DRAIN` at most; then its unfinished jobs go back to the line
 * and start again with the new code.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, unwatchFile, watchFile, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { watch } from 'chokidar'
import type { Output } from './output.ts'
import { WATCHED } from './watched.ts'

/** An editor saves several files, and some in several steps: one start is enough for them. */
const SETTLE_MS = 100
/** What is changed before it is watched is seen by its time, so this need not be short. */
const LIST_MS = 250

export async function watchWorker(out: Output): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lovage-watch-'))
  const list = join(folder, 'loaded')
  writeFileSync(list, '')
  const files = watch([], { alwaysStat: true })
  // Looked at now and then: of events that come close together a watcher tells the first, and the last line matters.
  watchFile(list, { interval: LIST_MS }, () => void files.add(loadedIn(list)))
  const say = (text: string): void => out.say(out.errorColours.cyan(`lovage: ${text}`))
  let startedAt = 0
  let child = start()
  let isStopping = false
  let changed: NodeJS.Timeout | undefined

  function start(): ChildProcess {
    startedAt = Date.now()
    // In a process group of its own: Ctrl-C reaches this process alone, which passes it on, once.
    const next = spawn(process.execPath, [...process.execArgv, ...commandOf(process.argv)], {
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, [WATCHED]: list },
    })
    next.once('exit', (code, signal) => {
      if (isStopping || changed !== undefined) return
      say(`the worker has ended (${signal ?? `exit code ${code}`}); it starts again when a file changes`)
    })
    return next
  }

  async function restart(path: string): Promise<void> {
    say(`${relative(process.cwd(), path)} has changed; the worker starts anew`)
    if (isRunning(child)) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    changed = undefined
    if (!isStopping) child = start()
  }

  files.on('all', (event, path, stats) => {
    // The first sight of a file is no change, unless it came after the child may have read it.
    if (isStopping || (event === 'add' && stats !== undefined && stats.mtimeMs <= startedAt)) return
    changed ??= setTimeout(() => void restart(path), SETTLE_MS)
  })

  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => {
        isStopping = true
        if (!isRunning(child)) return resolve()
        child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal)
        child.once('exit', () => resolve())
      })
    }
  })
  unwatchFile(list)
  await files.close()
  rmSync(folder, { recursive: true, force: true })
}

/** What is known already is not watched twice. */
const loadedIn = (list: string): string[] => [
  ...new Set(readFileSync(list, 'utf8').split('\n').filter(Boolean)),
]

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

/** The same command without `--watch`. */
const commandOf = ([, ...typed]: readonly string[]): string[] => typed.filter((word) => word !== '--watch')
