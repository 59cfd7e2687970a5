/** A handler module that is loaded into the worker itself. */
import type { BoundTask } from '@lovage/core'
import type { Events } from './events.ts'
import type { Place, PlacedJob, PlaceHooks } from './place.ts'
import { type LoadedModule, loadModule } from './pool/load-module.ts'
import { runAttempt } from './run-attempt.ts'
import type { AttemptResult } from './settle.ts'
import { within } from './within.ts'

export class InlineModule implements Place {
  readonly #url: string
  readonly #tasks: readonly string[]
  readonly #events: Events
  #module: LoadedModule | undefined

  constructor(url: string, tasks: readonly string[], events: Events) {
    this.#url = url
    this.#tasks = tasks
    this.#events = events
  }

  async start(): Promise<void> {
    const module = await loadModule(this.#url, this.#tasks)
    await module.setup()
    this.#module = module
  }

  run({ input, context, maxResultBytes }: PlacedJob, { onBegun }: PlaceHooks): Promise<AttemptResult> {
    const bound = this.#module?.handlers.get(context.job.task) as BoundTask // there since `start`
    return within(onBegun(null), () => runAttempt(bound, input, context, maxResultBytes))
  }

  async close(): Promise<void> {
    try {
      await this.#module?.teardown()
    } catch (error) {
      this.#events.emit('worker.error', { error, during: `teardown of ${this.#url}` })
    }
  }
}
