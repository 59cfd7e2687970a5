/** The processes of a gateway's measurements, and how they are asked. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Stage } from '../kit/stage.ts'

/** Starts a part; it ends with the stage. Resolves with its first message, which says that it is ready. */
export async function start<Ready>(stage: Stage, ...args: string[]): Promise<[ChildProcess, Ready]> {
  const child = fork(join(import.meta.dirname, 'program.js'), args, {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  stage.owns({ kill: () => end(child) })
  return [child, await said<Ready>(child)]
}

export async function ask<Answer>(child: ChildProcess, question: object): Promise<Answer> {
  const answered = said<Answer>(child)
  child.send(question)
  return answered
}

/** The next thing that it says. */
export async function said<Answer>(child: ChildProcess): Promise<Answer> {
  const over = new AbortController() // what listened goes with the answer: a part is asked many times
  const { signal } = over
  const ended = once(child, 'exit', { signal }).then(([code, by]) => {
    throw new Error(`a part of the gateway's measurement ended (${by ?? code})`)
  })
  try {
    const [answer] = (await Promise.race([once(child, 'message', { signal }), ended])) as [Answer]
    return answer
  } finally {
    over.abort()
    ended.catch(() => {}) // nobody waits for it any more
  }
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
