/**
 * Takes apart what a server answers (RESP 2). All of it is text for us; ioredis makes a buffer of each text first, and what
 * a reader of the feed is sent for one job is fourteen of them.
 */
import { isAscii } from 'node:buffer'
import { ReplyError } from 'ioredis'

/**
 * Of so many bytes the texts are cut out of one that was made of all, which keeps that one alive. What came with more is
 * made of its own bytes: who keeps the id of a job must not keep its neighbours.
 */
const SHORT_BYTES = 1_024

const LINE = '\r\n'
const [STATUS, ERROR, NUMBER, TEXT, LIST] = [43, 45, 58, 36, 42] // + - : $ *
const MINUS = 45

/** A list that is not complete. */
interface Open {
  readonly items: unknown[]
  readonly size: number
}

export class Answers {
  readonly #hear: (answer: unknown) => void
  /** The lists around what comes next. */
  readonly #around: Open[] = []
  /** What came of something that is not complete, how many bytes that is, and how many it takes at least. */
  #pieces: Buffer[] = []
  #size = 0
  #least = 0

  /** @param hear Is given each answer: a text, a number, `null`, a list of such, or an error, which a list may have, too. */
  constructor(hear: (answer: unknown) => void) {
    this.#hear = hear
  }

  /**
   * @param chunk Is read at once: its memory may be used again.
   * @throws Error where that is no answer of such a server
   */
  read(chunk: Buffer): void {
    if (this.#size === 0) return this.#readAll(chunk)
    this.#keep(chunk)
    if (this.#size < this.#least) return
    const bytes = Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#size = 0
    this.#readAll(bytes)
  }

  #keep(bytes: Buffer): void {
    this.#pieces.push(Buffer.from(bytes))
    this.#size += bytes.length
  }

  #readAll(bytes: Buffer): void {
    const all = bytes.toString('latin1')
    const textOf = !isAscii(bytes) ? utf8 : all.length > SHORT_BYTES ? latin1 : cut
    for (let at = 0; at < all.length;) {
      const end = all.indexOf(LINE, at)
      const kind = all.charCodeAt(at)
      const size = end === -1 || kind === STATUS || kind === ERROR ? 0 : integerIn(all, at + 1, end)
      const from = end + LINE.length
      const next = kind === TEXT && size >= 0 ? from + size + LINE.length : from
      if (end === -1 || next > all.length) {
        this.#keep(bytes.subarray(at))
        this.#least = end === -1 ? 0 : next - at
        return
      }
      switch (kind) {
        case TEXT:
          this.#put(size < 0 ? null : textOf(bytes, all, from, from + size))
          break
        case NUMBER:
          this.#put(size)
          break
        case LIST:
          if (size > 0) this.#around.push({ items: [], size })
          else this.#put(size === 0 ? [] : null)
          break
        case STATUS:
          this.#put(bytes.toString('utf8', at + 1, end))
          break
        case ERROR:
          this.#put(new ReplyError(bytes.toString('utf8', at + 1, end)))
          break
        default:
          throw new Error(`no answer of Redis: ${JSON.stringify(all.slice(at, at + 40))}`)
      }
      at = next
    }
  }

  /** With the last one of a list the list is there, too. */
  #put(one: unknown): void {
    let item = one
    for (let open = this.#around.at(-1); open !== undefined; open = this.#around.at(-1)) {
      open.items.push(item)
      if (open.items.length < open.size) return
      item = open.items
      this.#around.pop()
    }
    this.#hear(item)
  }
}

type TextOf = (bytes: Buffer, all: string, from: number, to: number) => string

const cut: TextOf = (_bytes, all, from, to) => all.slice(from, to)
const latin1: TextOf = (bytes, _all, from, to) => bytes.toString('latin1', from, to)
const utf8: TextOf = (bytes, _all, from, to) => bytes.toString('utf8', from, to)

/** As the protocol has it: of any length, and with a sign where it is below zero. */
function integerIn(text: string, from: number, to: number): number {
  const isNegative = text.charCodeAt(from) === MINUS
  let value = 0
  for (let at = isNegative ? from + 1 : from; at < to; at++) value = value * 10 + (text.charCodeAt(at) - 48)
  return isNegative ? -value : value
}
