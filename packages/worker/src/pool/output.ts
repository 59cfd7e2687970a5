/**
 * Passes on what a child writes, at a bounded rate: a child that floods its pipe is made to wait, and costs this
 * process neither its memory nor its event loop.
 */
import type { Readable, Writable } from 'node:stream'
import { MIB } from './carrier.ts'

const WINDOW_MS = 100
const MAX_BYTES_PER_WINDOW = MIB

/** What is kept of stderr: the stack of an exception that nobody caught, or what V8 says before it gives up. */
const MAX_LAST_WORDS = 4 * 1024

/** @param onBytes Told of each chunk, before the next is read. */
export function relay(
  source: Readable,
  sink: Writable,
  onBytes: (bytes: number, chunk: Buffer) => void,
): void {
  let windowEndsAt = 0
  let bytes = 0
  source.on('data', (chunk: Buffer) => {
    sink.write(chunk)
    const now = performance.now()
    if (now > windowEndsAt) {
      windowEndsAt = now + WINDOW_MS
      bytes = 0
    }
    bytes += chunk.length
    onBytes(chunk.length, chunk)
    if (bytes < MAX_BYTES_PER_WINDOW) return
    source.pause()
    setTimeout(() => source.resume(), windowEndsAt - now).unref()
  })
  source.on('error', () => {}) // a pipe of a child that is gone; its exit tells all
}

/** The end of what was written. */
export class LastWords {
  #text = ''

  readonly add = (chunk: Buffer): void => {
    this.#text = (this.#text + chunk.toString('utf8')).slice(-MAX_LAST_WORDS)
  }

  readonly get = (): string => this.#text.trim()
}
