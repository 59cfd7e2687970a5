/**
 * A command as we send it: encoded in one pass, into one buffer. A step has some hundred arguments; ioredis copies the
 * list, and hands the socket a string that Node sizes for three bytes a character, which takes twice the time.
 *
 * And it makes its promise without a function that is assigned to a property where it is written, as in
 * `this.reject = (error) => …`. V8 takes such a function for a method and puts it where only large collections look, until
 * its surroundings are compiled for good: with it stays all that it knows of, here the command, its arguments and its answer.
 */
import { Command } from 'ioredis'

const NO_ARGS: [] = [] // shared, so that a command makes none
const NO_OPTIONS = {}

/** Of a text of so many characters Node makes bytes on its stack. */
const SHORT = 4_096

export type PackedArgs = readonly (string | number)[]

export class PackedCommand extends Command {
  readonly #given: PackedArgs
  /** Of its promise. */
  declare fulfil: (reply: unknown) => void
  declare fail: (error: unknown) => void

  constructor(name: string, args: PackedArgs) {
    super(name, NO_ARGS, NO_OPTIONS)
    this.#given = args
  }

  override toWritable(): string | Buffer {
    const text = this.#text(lengthOf)
    // Asked of the whole: to ask for the bytes of each argument takes longer than all the rest.
    if (Buffer.byteLength(text) !== text.length) return Buffer.from(this.#text(Buffer.byteLength), 'utf8')
    return text.length <= SHORT ? text : Buffer.from(text, 'latin1')
  }

  #text(bytesOf: (part: string) => number): string {
    let text = `*${this.#given.length + 1}${sized(this.name.length)}${this.name}`
    for (const arg of this.#given) {
      const part = typeof arg === 'string' ? arg : `${arg}`
      text += sized(bytesOf(part)) + part
    }
    return `${text}\r\n`
  }
}

/** What stands in the place of ioredis's own, which are private to it, or properties of each command. */
const PROMISING = {
  initPromise(this: PackedCommand): void {
    this.promise = new Promise((fulfil, fail) => {
      this.fulfil = fulfil
      this.fail = fail
    })
  },
  /** The answer is text already (`answers.ts`), and stays as the server has put it. */
  resolve(this: PackedCommand, reply: unknown): void {
    this.fulfil(reply)
    this.isResolved = true
    this.isSettled = true
  },
  reject(this: PackedCommand, error: Error): void {
    this.isSettled = true
    this.fail(error)
  },
}
Object.assign(PackedCommand.prototype, PROMISING)

const lengthOf = (part: string): number => part.length

/** The end of what was before, and how many bytes come now. Mostly that is a size that was there before. */
const sized = (bytes: number): string =>
  bytes < SIZES_MAX ? (SIZES[bytes] ??= sizeText(bytes)) : sizeText(bytes)

const SIZES_MAX = 1_024
const SIZES: string[] = []
const sizeText = (bytes: number): string => `\r\n$${bytes}\r\n`
