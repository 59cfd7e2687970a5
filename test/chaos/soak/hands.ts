/** A process of a soak, as its director sees it. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Cast, Weight } from './hand.ts'

/** Longer than any drain, on a machine that is busy elsewhere too. */
const LEAVE_MS = 300_000

export class Hand {
  readonly name: string
  /** What it has said of itself. */
  readonly said: Record<string, number> = {}
  readonly #child: ChildProcess

  private constructor(file: string, cast: Cast) {
    this.name = cast.name
    this.#child = fork(file, [], {
      execArgv: ['--expose-gc'],
      env: { ...process.env, CAST: JSON.stringify(cast) },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#child.on('message', (said: Record<string, number>) => {
      if (!('heapBytes' in said)) Object.assign(this.said, said)
    })
  }

  static async enter(file: string, cast: Cast): Promise<Hand> {
    const hand = new Hand(file, cast)
    await once(hand.#child, 'message')
    return hand
  }

  async weigh(): Promise<Weight> {
    const answer = new Promise<Weight>((resolve) => {
      const hear = (said: Weight): void => {
        if (!('heapBytes' in said)) return
        this.#child.off('message', hear)
        resolve(said)
      }
      this.#child.on('message', hear)
    })
    this.#child.send('sample')
    return await answer
  }

  async leave(): Promise<void> {
    const gone = once(this.#child, 'exit')
    this.#child.send('leave')
    const late = setTimeout(() => this.#child.kill('SIGKILL'), LEAVE_MS)
    const [code] = (await gone) as [number | null]
    clearTimeout(late)
    if (code !== 0) throw new Error(`${this.name} ended with ${code}`)
  }
}
