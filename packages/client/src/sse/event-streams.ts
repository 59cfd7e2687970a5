/** The streams of a client that listens by Server-Sent Events: one connection for each subscription. */
import { isLovageError, LovageError } from '@lovage/core'
import { ConnectionDisplay, worstOf } from '../connection.ts'
import { asLovageError } from '../errors.ts'
import { EventStream } from './event-stream.ts'
import type { LineCallbacks, OpenLine } from '../line.ts'
import type { Lines, TransportOptions } from '../lines.ts'

export class EventStreams implements Lines {
  readonly connection = new ConnectionDisplay()
  readonly #options: TransportOptions
  readonly #max: number
  readonly #streams = new Set<EventStream>()

  constructor(options: TransportOptions, max: number) {
    this.#options = options
    this.#max = max
  }

  line(path: string, input: object): OpenLine {
    return (callbacks) => {
      const { url } = this.#options
      if (this.#streams.size >= this.#max) {
        callbacks.onError(new LovageError('TOO_MANY_SUBSCRIPTIONS', { max: this.#max }))
        return () => {}
      }
      let wasGood = false // its token, since something was heard
      const own: LineCallbacks = {
        ...callbacks,
        onData: (notice) => {
          wasGood = true
          callbacks.onData(notice)
        },
        onError: (cause) => {
          const error = asLovageError(cause, url)
          if (wasGood && isLovageError(error, 'UNAUTHORIZED')) callbacks.onExpired()
          else callbacks.onError(error)
        },
      }
      const stream = new EventStream(this.#options, { path, input }, own, () => this.#show())
      this.#streams.add(stream)
      this.#show()
      return () => {
        stream.close()
        if (this.#streams.delete(stream)) this.#show()
      }
    }
  }

  async close(): Promise<void> {
    this.connection.show('closed')
    for (const stream of this.#streams) stream.close()
  }

  #show(): void {
    this.connection.show(worstOf([...this.#streams].map(({ state }) => state)))
  }
}
