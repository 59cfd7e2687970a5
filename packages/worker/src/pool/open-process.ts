/** A child in a process of its own. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { failureOf } from '../failure.ts'
import { type Exit, MIB, type OpenCarrier } from './carrier.ts'
import type { Word } from './messages.ts'
import { LastWords, relay } from './output.ts'

/**
 * How long what a child said and wrote at last may take to be read after its end. It is all in the pipes by then; but
 * a grandchild may hold them open.
 */
const LAST_WORDS_MS = 250

export const openProcess: OpenCarrier = (data, { maxHeapBytes }, { onWord, onOutput, onExit }) => {
  const lastWords = new LastWords()
  let isOver = false
  let isKilled = false
  const over = (exit: Exit): void => {
    if (isOver) return
    isOver = true
    onExit(exit)
  }
  const child = fork(fileURLToPath(new URL('./child-program.js', import.meta.url)), [JSON.stringify(data)], {
    serialization: 'advanced',
    // The last is held open for as long as this process lives: its end tells the child, even one that is busy.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'],
    execArgv: execArgvOf(process.execArgv, maxHeapBytes),
  })
  const { stdout, stderr } = child
  const ends: Promise<unknown>[] = [once(child, 'disconnect')]
  if (stdout !== null && stderr !== null) {
    ends.push(once(stdout, 'close'), once(stderr, 'close'))
    relay(stdout, process.stdout, onOutput)
    relay(stderr, process.stderr, (bytes, chunk) => {
      lastWords.add(chunk)
      onOutput(bytes)
    })
  }
  for (const end of ends) end.catch(() => {})
  child.stdio[4]?.on('error', () => {}) // its end is what counts
  child.on('message', (word) => onWord(word as Word))
  child.on('error', (error) => {
    if (child.pid === undefined) over({ code: null, signal: null, error: failureOf(error) })
  })
  child.on('disconnect', () => child.kill('SIGKILL')) // a handler that closes the channel cannot be reached any more
  child.once('exit', (code, signal) => {
    const isRead = isKilled || Promise.race([Promise.allSettled(ends), pause(LAST_WORDS_MS)])
    void Promise.resolve(isRead).then(() => over({ code, signal }))
  })
  return {
    id: child.pid ?? 0,
    lastWords: lastWords.get,
    // A child that has just died cannot be told; its exit says so.
    send: (order) => void child.send(order, () => {}),
    kill() {
      isKilled = true
      child.kill('SIGKILL')
    },
  }
}

/** The flags of this process, but for what only one process can have, such as a debugger's port or a script to run. */
export function execArgvOf(own: readonly string[], maxHeapBytes: number | undefined): string[] {
  const flags: string[] = []
  for (let at = 0; at < own.length; at++) {
    const flag = own[at] as string
    if (/^(-e|-p|-pe|--eval|--print)$/.test(flag)) at += 1
    else if (!/^--(inspect|eval|print|watch|test)/.test(flag)) flags.push(flag)
  }
  if (maxHeapBytes !== undefined)
    flags.push(`--max-old-space-size=${Math.max(1, Math.floor(maxHeapBytes / MIB))}`)
  return flags
}
