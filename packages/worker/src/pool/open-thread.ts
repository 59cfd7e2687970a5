/** A child in a thread of this process. */
import { Worker } from 'node:worker_threads'
import { failureOf } from '../failure.ts'
import { type Exit, MIB, type OpenCarrier } from './carrier.ts'
import type { Word } from './messages.ts'
import { LastWords, relay } from './output.ts'

export const openThread: OpenCarrier = (data, { maxHeapBytes }, { onWord, onOutput, onExit }) => {
  const lastWords = new LastWords()
  const exit: Exit = { code: null, signal: null }
  const thread = new Worker(new URL('./child-program.js', import.meta.url), {
    name: 'lovage-child',
    workerData: data,
    stdout: true,
    stderr: true,
    ...preloads(process.execArgv),
    ...(maxHeapBytes !== undefined && {
      resourceLimits: { maxOldGenerationSizeMb: Math.max(1, maxHeapBytes / MIB) },
    }),
  })
  relay(thread.stdout, process.stdout, onOutput)
  relay(thread.stderr, process.stderr, (bytes, chunk) => {
    lastWords.add(chunk)
    onOutput(bytes)
  })
  thread.on('message', (word: Word) => onWord(word))
  thread.on('error', (error) => (exit.error = failureOf(error)))
  thread.once('exit', (code) => onExit({ ...exit, code }))
  return {
    id: thread.threadId,
    lastWords: lastWords.get,
    send: (order) => thread.postMessage(order),
    kill: () => void thread.terminate(),
  }
}

/**
 * A thread is started with the options that the process was started with. What a program has added to them since, to
 * be loaded first, it has to be given; and then all that it is to have.
 */
export function preloads(own: readonly string[]): { execArgv?: string[] } {
  const kept: string[] = []
  for (const [at, flag] of own.entries()) {
    const isPair = /^(--import|--require|-r|--conditions|-C)$/.test(flag)
    if (isPair) kept.push(flag, own[at + 1] as string)
    else if (/^--(import|require|conditions)=|^--enable-source-maps$/.test(flag)) kept.push(flag)
  }
  return kept.some((flag) => flag.startsWith('--import')) ? { execArgv: kept } : {}
}
