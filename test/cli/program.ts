/** The program as a shell runs it: a process of its own, with pipes for a terminal. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { vi } from 'vitest'
import { test as base } from '../redis/stage.ts'

// A program may take seconds to start where many do, and some tests start a dozen, one after the other.
vi.setConfig({ testTimeout: 120_000 })

export const BIN = join(import.meta.dirname, '../../packages/cli/dist/bin.js')
const FIXTURES = join(import.meta.dirname, 'fixtures')

/** util-linux's `script` makes terminals; other systems have another program of that name. */
export const hasTerminals = spawnSync('script', ['--version']).stdout?.includes('util-linux') ?? false

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  env?: Record<string, string>
  cwd?: string
  /** What it reads. Default: nothing. `null`: what the test will write. */
  stdin?: string | null
}

/** A program that runs. */
export class Program implements AsyncDisposable {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly #closed: Promise<unknown>
  #isClosed = false
  #hear: (() => void)[] = []

  constructor(command: string, args: readonly string[], { env, cwd = FIXTURES, stdin }: RunOptions = {}) {
    const { PATH = '', HOME = '' } = process.env
    this.child = spawn(command, args, { cwd, env: { PATH, HOME, ...env }, stdio: 'pipe' })
    this.#closed = once(this.child, 'close')
    this.child.stdout?.on('data', (chunk: Buffer) => this.#take('stdout', chunk))
    this.child.stderr?.on('data', (chunk: Buffer) => this.#take('stderr', chunk))
    if (stdin !== null) this.child.stdin?.end(stdin)
    void this.#closed.then(() => {
      this.#isClosed = true
      this.#wake()
    })
  }

  #take(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this[stream] += chunk.toString()
    this.#wake()
  }

  #wake(): void {
    for (const hear of this.#hear.splice(0)) hear()
  }

  /** Resolves once a stream matches, so often. Fails with all that was said when the program ends before. */
  async until(stream: 'stdout' | 'stderr', pattern: RegExp, times = 1): Promise<string> {
    const all = new RegExp(pattern, 'g')
    for (;;) {
      const found = this[stream].match(all)
      if (found !== null && found.length >= times) return found[times - 1] as string
      if (this.#isClosed) {
        throw new Error(`It ended before it said ${pattern}:\n${this.stdout}\n${this.stderr}`)
      }
      await new Promise<void>((resolve) => void this.#hear.push(resolve))
    }
  }

  /** Resolves when the program is gone, and everybody who had its streams. */
  async ended(): Promise<Ended> {
    await this.#closed
    const { exitCode: code, signalCode: signal } = this.child
    return { code, signal, stdout: this.stdout, stderr: this.stderr }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL')
    await this.#closed
  }
}

export interface ProgramStage {
  /** Starts `lovage` with these words, on this test's keys. */
  start: (args: readonly string[], options?: RunOptions) => Program
  /** The same, and waits for its end. */
  lovage: (args: readonly string[], options?: RunOptions) => Promise<Ended>
  /** A shell line in which `lovage` is the program. */
  shell: (line: string, options?: RunOptions) => Program
  /** The same as `start` in a terminal of its own; all that it shows is its stdout. */
  terminal: (args: readonly string[], options?: RunOptions) => Program
  /** A worker that is ready. */
  worker: (args?: readonly string[], options?: RunOptions) => Promise<Program>
  /** Writes files into a folder of their own, where the packages resolve as they do for the tests. */
  project: (files: Record<string, string>) => Promise<string>
}

export const test = base.extend<ProgramStage>({
  start: async ({ url, namespace }, use) => {
    const running: Program[] = []
    await use((args, { env, ...options } = {}) => {
      const place = args.includes('--namespace') ? [] : ['--namespace', namespace]
      const program = new Program(process.execPath, [BIN, ...args, ...place], {
        env: { REDIS_URL: url, ...env },
        ...options,
      })
      running.push(program)
      return program
    })
    await Promise.all(running.map((program) => program[Symbol.asyncDispose]()))
  },
  lovage: async ({ start }, use) => use((args, options) => start(args, options).ended()),
  shell: async ({ url, namespace }, use) =>
    use((line, { env, ...options } = {}) => {
      const lovage = `lovage() { '${process.execPath}' '${BIN}' "$@" --namespace '${namespace}'; }`
      const bash = ['-c', `${lovage}; ${line}`]
      return new Program('bash', bash, { env: { REDIS_URL: url, ...env }, ...options })
    }),
  terminal: async ({ url, namespace }, use) =>
    use((args, { env, ...options } = {}) => {
      const words = [process.execPath, BIN, ...args, '--namespace', namespace]
      const line = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
      return new Program(
        'script',
        ['--quiet', '--return', '--command', `stty rows 30 cols 110; exec ${line}`, '/dev/null'],
        {
          env: { REDIS_URL: url, TERM: 'xterm-256color', ...env },
          ...options,
          stdin: null,
        },
      )
    }),
  worker: async ({ start }, use) =>
    use(async (args = ['./worker.ts'], options = {}) => {
      const program = start(['worker', ...args], options)
      await program.until('stdout', /Lovage worker ready/)
      return program
    }),
  project: async ({}, use) => {
    const parent = join(import.meta.dirname, '../dist/projects')
    await mkdir(parent, { recursive: true })
    const folder = await mkdtemp(join(parent, 'project-'))
    await use(async (files) => {
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
      return folder
    })
    await rm(folder, { recursive: true, force: true })
  },
})

export const ID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/
