/** A worker in a process of its own, as a test sees it. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { WorkerEvent } from '@lovage/worker'
import type { Order } from './fixtures/tasks.ts'

interface Told {
  /** `aborted`: a handler says that its signal was. */
  name: WorkerEvent | 'aborted'
  event: { id?: string; attempt?: number; reason?: unknown }
}

export interface WorkerProcessOptions {
  url: string
  namespace: string
  partitions?: number
  leaseMs?: number
  concurrency?: number
  drainMs?: number
  /** It runs the tasks that run in yet other processes, and no others. */
  isApart?: boolean
  /** The program that it is. */
  fixture?: string
  env?: Record<string, string>
}

export class WorkerProcess implements AsyncDisposable {
  readonly told: Told[] = []
  readonly #child
  readonly #exited: Promise<unknown[]>
  #hear: () => void = () => {}

  constructor({
    url,
    namespace,
    partitions = 1,
    leaseMs = 6_000,
    concurrency = 1,
    drainMs = 30_000,
    isApart = false,
    fixture = 'worker',
    env = {},
  }: WorkerProcessOptions) {
    this.#child = fork(join(import.meta.dirname, '..', 'dist', 'worker', 'fixtures', `${fixture}.js`), {
      env: {
        ...process.env,
        REDIS_URL: url,
        NAMESPACE: namespace,
        PARTITIONS: `${partitions}`,
        LEASE_MS: `${leaseMs}`,
        CONCURRENCY: `${concurrency}`,
        DRAIN_MS: `${drainMs}`,
        ...(isApart && { APART: 'yes' }),
        ...env,
      },
      execArgv: [],
      detached: true, // a process group of its own, as a terminal or a container gives it
    })
    this.#exited = once(this.#child, 'exit')
    this.#child.on('message', (told: Told) => {
      this.told.push(told)
      const hear = this.#hear
      this.#hear = () => {}
      hear()
    })
  }

  get pid(): number {
    return this.#child.pid as number
  }

  /** Resolves with the event once it was told, of this job if one is named. Rejects when the process ends before. */
  async until(name: Told['name'], id?: string): Promise<Told['event']> {
    for (;;) {
      const told = this.told.find((one) => one.name === name && (id === undefined || one.event.id === id))
      if (told !== undefined) return told.event
      await this.untilNext(name)
    }
  }

  /** Resolves when anything more is told. */
  async untilNext(what = 'anything more'): Promise<void> {
    const count = this.told.length
    const heard = new Promise<void>((resolve) => {
      const before = this.#hear
      this.#hear = () => {
        before()
        resolve()
      }
    })
    await Promise.race([heard, this.#exited])
    if (this.told.length === count) throw new Error(`The worker ended before it told ${what}.`)
  }

  /** Lets a `hold` go on. */
  open(id: string): void {
    this.#child.send({ open: id } satisfies Order)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Signals the worker and all that it has started. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal)
  }

  /** Resolves when the process is gone. */
  async exit(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    await this.#exited
    return { code: this.#child.exitCode, signal: this.#child.signalCode }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }
}
