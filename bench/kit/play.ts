/** Starts the processes that play, and talks to them. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { PYTHON } from '../peers/celery.ts'
import type { Role, Roles } from './roles.ts'

/** A part of somebody's process, to be called as if it were here. */
export type Player<R extends Role> = Roles[R] & {
  /** Ends it and all that it started, at once. */
  kill(): Promise<void>
}

interface Answer {
  n: number
  value?: unknown
  error?: string
}

const living = new Set<number>()
process.on('exit', () => {
  for (const pid of living) killGroup(pid)
})

/** Resolves when the process is up and connected. */
export async function play<R extends Role>(peer: string, role: R, url: string): Promise<Player<R>> {
  const [command, program] =
    peer === 'celery'
      ? [PYTHON, [join(import.meta.dirname, '../../peers/celery_player.py')]]
      : [process.execPath, [join(import.meta.dirname, 'player.js'), peer]]
  // What a library prints is no figure: it goes to stderr. A group of its own, so that its children end with it.
  const child = spawn(command, [...program, role, url], { stdio: ['pipe', 2, 2, 'pipe'], detached: true })
  const { pid } = child
  if (pid !== undefined) living.add(pid)
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  const ended = new Promise<void>((resolve) => {
    const end = (why: string): void => {
      if (pid !== undefined) living.delete(pid)
      for (const { reject } of waiting.values()) reject(new Error(`the ${role} ${why}`))
      resolve()
    }
    child.once('exit', (code, signal) => end(`ended (${signal ?? code})`))
    child.once('error', (error) => end(`did not start (${error.message})`))
  })
  const request = (n: number, line?: string): Promise<unknown> => {
    const answered = new Promise((resolve, reject) => {
      waiting.set(n, { resolve, reject })
      if (line !== undefined) child.stdin?.write(line)
    })
    answered.catch(() => {}) // who asked may have gone on to other things; who awaits it hears of it still
    return answered
  }
  child.stdin?.on('error', () => {}) // it has ended, which is told above
  createInterface(child.stdio[3] as Readable).on('line', (line) => {
    const { n, value, error } = JSON.parse(line) as Answer
    const asked = waiting.get(n)
    waiting.delete(n)
    if (error === undefined) asked?.resolve(value)
    else asked?.reject(new Error(`the ${role} ${error}`))
  })
  await request(0)
  let count = 0
  const kill = async (): Promise<void> => {
    waiting.clear() // who kills it does not wait for answers any more
    if (pid !== undefined && living.has(pid)) killGroup(pid)
    await ended
  }
  return new Proxy({} as Player<R>, {
    get(_, method: string) {
      if (method === 'then') return undefined // it may be returned by an async function
      if (method === 'kill') return kill
      return (...args: unknown[]) => {
        const n = ++count
        return request(n, `${JSON.stringify({ n, method, args })}\n`)
      }
    },
  })
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended in the meantime.
  }
}
