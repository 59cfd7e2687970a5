/**
 * A call on its way: what the queue of ioredis holds until it is answered, what the watchdog watches, and what is sent
 * again. It is one object with one promise, and its answer is decoded where it is heard: an async function each for the
 * connection and for the script cost a lone job's processes two turns of promises and half a KiB for each of its calls.
 *
 * Nothing is assigned to a property where it is written, as in `this.reject = (error) => …`. V8 takes such a function for
 * a method and puts it where only large collections look, until its surroundings are compiled for good: with it stays all
 * that it knows of, here the call and its answer.
 */
import type { PackedArgs } from './packed-command.ts'
import type { Awaited } from './watchdog.ts'

export type Args = (string | number)[]
/** `sha`: as a server that has run the script knows it. `source`: its text. Of what is no script always `sha`. */
export type Form = 'sha' | 'source'
/** Where they are a function, it is asked each time that they are sent. */
export type ArgsOf = Args | ((form: Form) => Args)

export interface CallOptions {
  repeatable: boolean
  /** How long the answer may take once the command is sent. Default: what is left of all that a call may take. */
  answerMs?: number
  /** Whether a refusal that will soon be over is waited for. Default true. */
  isPatient?: boolean
}

/** Is not sent again once it may have been carried out. */
export const ONCE: CallOptions = { repeatable: false }

/** Whoever has sent it. */
export interface Sender {
  answered(call: Call, reply: unknown): void
  /** By the server, or its connection is lost. */
  refused(call: Call, error: unknown): void
}

export class Call<Reply = unknown> implements Awaited {
  readonly promise: Promise<Reply>
  readonly options: CallOptions
  /** As `performance.now()` has it: when it has to be over, with every new try. */
  deadline = 0
  form: Form = 'sha'
  index = -1
  ms = 0
  until = 0
  readonly #sender: Sender
  readonly #name: string
  readonly #args: ArgsOf
  readonly #decode: (reply: unknown) => Reply
  declare private done: (value: Reply) => void
  /** It came to nothing. */
  declare fail: (error: unknown) => void

  constructor(
    sender: Sender,
    name: string,
    args: ArgsOf,
    options: CallOptions,
    decode: (reply: unknown) => Reply,
  ) {
    this.#sender = sender
    this.#name = name
    this.#args = args
    this.options = options
    this.#decode = decode
    this.promise = new Promise((resolve, reject) => {
      this.done = resolve
      this.fail = reject
    })
  }

  get name(): string {
    return this.form === 'source' ? 'eval' : this.#name
  }

  get args(): PackedArgs {
    return typeof this.#args === 'function' ? this.#args(this.form) : this.#args
  }

  /** Whether it is a script, called as the server may not know it. */
  get mayBeUnknown(): boolean {
    return this.#name === 'evalsha' && this.form === 'sha'
  }

  /** Its answer has come. */
  end(reply: unknown): void {
    try {
      this.done(this.#decode(reply))
    } catch (error) {
      this.fail(error)
    }
  }

  /** As ioredis calls it. */
  resolve(reply: unknown): void {
    this.#sender.answered(this as Call, reply)
  }

  /** As ioredis calls it. */
  reject(error: unknown): void {
    this.#sender.refused(this as Call, error)
  }
}
