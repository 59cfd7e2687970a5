/** Which start of which server each session of this process has joined. */
import { LovageError } from '@lovage/core'

export class Joined {
  readonly #store: string
  readonly #runs = new Map<string, string | undefined>()

  constructor(store: string) {
    this.#store = store
  }

  /** @param run Another one after each start of a server; `undefined` where it does not tell. */
  at(session: string, run: string | undefined): void {
    this.#runs.set(session, run)
  }

  left(session: string): void {
    this.#runs.delete(session)
  }

  /**
   * Where another server answers, or the same one after a start, what the last one answered may be lost: a job that was
   * settled there may be held here, by a session that does not run it. So the worker joins anew, and says what it holds.
   *
   * @throws LovageError `STORE_UNAVAILABLE`
   */
  mustBeAt(session: string, run: string | undefined): void {
    const error = this.notAt(session, run)
    if (error !== undefined) throw error
  }

  /** What `mustBeAt` would throw. */
  notAt(session: string, run: string | undefined): LovageError | undefined {
    if (!this.#runs.has(session) || this.#runs.get(session) === run) return undefined
    const cause = 'another server answers than the session has joined, or the same one after a start'
    return new LovageError('STORE_UNAVAILABLE', { store: this.#store, cause })
  }
}
