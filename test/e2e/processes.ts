/** Real processes for tests: started from the compiled fixtures, read line by line, ended with real signals. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Where `tsc -b` puts the fixtures. */
const FIXTURES = join(import.meta.dirname, '..', 'dist', 'e2e', 'fixtures')

export class Fixture implements AsyncDisposable {
  readonly child: ChildProcess
  readonly #lines: AsyncIterableIterator<string>
  #errors = ''

  constructor(name: string, env: Record<string, string>) {
    this.child = spawn(process.execPath, [join(FIXTURES, `${name}.js`)], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString()
    })
    this.#lines = createInterface({ input: this.child.stdout as NodeJS.ReadableStream })[
      Symbol.asyncIterator
    ]()
  }

  /** The next line of its output that has this field, as JSON. Fails with what it wrote to stderr when it ends. */
  async line<T>(field: string, accept: (line: T) => boolean = () => true): Promise<T> {
    for (;;) {
      const { done, value } = await this.#lines.next()
      if (done) throw new Error(`the process ended before it said "${field}":\n${this.#errors}`)
      if (!value.startsWith('{')) continue
      const line = JSON.parse(value) as T & object
      if (field in line && accept(line)) return line
    }
  }

  /** Sends a signal and waits until the process is gone. */
  async end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = once(this.child, 'exit')
      this.child.kill(signal)
      await gone
    }
    return { code: this.child.exitCode, signal: this.child.signalCode }
  }

  get errors(): string {
    return this.#errors
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL')
  }
}
